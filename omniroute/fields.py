"""SecretField: a text column whose value is sealed for its row and masked wherever it is shown."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models

from omniroute.keyring import Keyring


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """The installation's keyring. Raises KeyringError when its secrets are missing or unsafe."""
    return Keyring(settings.DATA_DIR / "secret.key")


class Secret:
    """A secret value on a model instance: call `reveal()` where it is really needed."""

    __slots__ = ("_place", "_plain", "_sealed")

    def __init__(self, place: str, *, sealed: str = "", plain: str = "") -> None:
        self._place = place
        self._sealed = sealed
        self._plain = plain

    def reveal(self) -> str:
        """Raises KeyringError when the stored value cannot be opened."""
        if self._plain or not self._sealed:
            return self._plain
        return keyring().open(self._sealed, self._place)

    def sealed(self) -> str:
        if self._plain:
            self._sealed = keyring().seal(self._plain, self._place)
            self._plain = ""
        return self._sealed

    def __bool__(self) -> bool:
        return bool(self._plain or self._sealed)

    def __repr__(self) -> str:
        return "•••" if self else "(empty)"

    __str__ = __repr__


class _Sealed(str):
    """Text that came from the database."""

    __slots__ = ()


if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


class SecretField(_TextField):
    """Needs a primary key that is known before the first save (a UUID default)."""

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Attribute(self))

    def place(self, instance: models.Model) -> str:
        return f"{instance._meta.db_table}|{instance.pk}|{self.column}"

    def from_db_value(self, value: str | None, *_: object) -> _Sealed:
        """Whatever the database holds is sealed or does not open: plain text is not believed."""
        return _Sealed(value or "")

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, Secret) else super().to_python(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        return getattr(model_instance, self.attname).sealed()  # type: ignore[no-any-return]

    def value_to_string(self, obj: models.Model) -> str:
        return ""  # serializers and exports never carry it


class _Attribute:
    """Sealed text from the database and plain text from code both become a `Secret`."""

    def __init__(self, field: SecretField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type) -> Any:
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.field.attname])
        value = instance.__dict__[self.field.attname]
        if not isinstance(value, Secret):
            place = self.field.place(instance)
            is_sealed = isinstance(value, _Sealed)
            value = Secret(place, sealed=value) if is_sealed else Secret(place, plain=value or "")
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value
