"""The installation as a whole: bring it up, look at it, take it down.

Stands on top of the engine (database, services), access (people) and refresh (dashboards).
"""
