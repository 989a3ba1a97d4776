"""``python -m deleverage``: the command line where its script is not on the path."""

from deleverage.cli import main

if __name__ == "__main__":
    main()
