"""May this person enter: rules, groups, policies and their evaluation (access.md section 4)."""
