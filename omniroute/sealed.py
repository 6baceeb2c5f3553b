"""Every sealed value in the database, found by looking at the models, none by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from omniroute.fields import SecretField


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    model: type[models.Model]
    field: SecretField
    pk: Any
    value: str

    @property
    def place(self) -> str:
        return self.field.place(self.model(pk=self.pk))

    @property
    def key_id(self) -> str:
        """The key that it is sealed with; '' for what is not in our form."""
        parts = self.value.split(":")
        return parts[2] if len(parts) == 5 else ""

    def __str__(self) -> str:
        return f"{self.model._meta.db_table} {self.pk}"

    def replace(self, value: str) -> bool:
        """Stores `value` unless somebody has changed the row meanwhile."""
        name = self.field.attname
        row: models.QuerySet[Any] = models.QuerySet(self.model).filter(
            **{"pk": self.pk, name: self.value}
        )
        return row.update(**{name: value}) == 1


def all_sealed() -> Iterator[Sealed]:
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, SecretField):
                rows: models.QuerySet[Any] = models.QuerySet(model).exclude(**{field.attname: ""})
                for pk, value in list(rows.values_list("pk", field.attname)):
                    yield Sealed(model=model, field=field, pk=pk, value=value)
