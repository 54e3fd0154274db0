"""What may stand in ``doorward.yaml``: one frozen model for each kind of object, in the API's field names.

References are still names here; ``settings.resolve`` turns them into ids.
"""
