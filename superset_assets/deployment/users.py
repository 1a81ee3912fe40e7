"""Superset users from people.csv, and the administrator, who is not a person."""

from __future__ import annotations

from typing import Any

from superset import db, security_manager

from orchestration.errors import TelmartError
from orchestration.settings import Settings

ADMIN = "admin"
#: addresses nobody can receive mail at; they also tell our users from those made by hand
_MAIL = "@telmart.invalid"


def administrator(settings: Settings) -> Any:
    """The user who owns what is deployed. Sees no rows: the gate role is all it has."""
    found = security_manager.find_user(username=ADMIN)
    return found or _create(settings, ADMIN, "telmart", [security_manager.find_role("Admin")])


def apply(settings: Settings, people: dict[str, Any]) -> tuple[int, int]:
    """Make one user per person; lock out those who are no longer in the file.

    A password is set only when a user is created: afterwards it is the person's own.

    Returns:
        How many were created, how many locked out.

    Raises:
        TelmartError: a persona has no role.
    """
    created = locked = 0
    for person in people.values():
        role = security_manager.find_role(person.persona)
        if role is None:
            raise TelmartError(
                f"{person.person} has the persona {person.persona!r}, unknown to roles.yaml.",
                "Correct people.csv, or add the persona to superset_assets/roles.yaml.",
            )
        english = person.language == "en"
        shown = person.display_name_en if english else person.display_name
        user = security_manager.find_user(username=person.person)
        if user is None:
            _create(settings, person.person, shown, [role])
            created += 1
        else:
            user.first_name, user.active = shown, True
            if [r.id for r in user.roles] != [role.id]:
                user.roles = [role]
    for user in security_manager.get_all_users():
        gone = user.username not in people and user.username != ADMIN
        if gone and user.active and str(user.email).endswith(_MAIL):
            user.active, user.roles = False, [security_manager.find_role("Public")]
            locked += 1
    db.session.commit()
    return created, locked


def _create(settings: Settings, name: str, shown: str, roles: list[Any]) -> Any:
    user = security_manager.add_user(
        name, shown, "", name + _MAIL, roles, password=settings.secret("web:" + name, 16)
    )
    if not user:
        raise TelmartError(
            f"Superset did not create the user {name!r}.", "Its log says why: logs/superset.log."
        )
    return user
