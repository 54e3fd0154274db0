"""Trying policies out: made-up requests, tables of cases, recorded decisions replayed, rules that cannot be meant.

Nothing here decides anything by itself: every answer is that of the functions the door uses, ``Applications.place``,
``access.decide`` and ``policy.evaluate``. Pure; ``cli`` gathers what is needed and prints what comes of it.
"""
