"""What no single field can show: whether the parts of the file fit together. Each check reports and changes nothing."""
