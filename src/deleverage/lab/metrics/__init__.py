"""An event and who paid, in numbers: definitions beside values, undefined where undefined."""
