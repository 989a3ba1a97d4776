"""The commands of ``deleverage``, one module each; imported when the command is called, never before."""
