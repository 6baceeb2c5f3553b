"""Forms of accounts and endpoints. A stored API key is never put back into a page."""

from __future__ import annotations

from django import forms

from providers.models import Connection, Node


def secret_field(*, required: bool, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label="API key",
        required=required,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ConnectForm(forms.Form):
    secret = secret_field(required=True, help_text="Stored encrypted. It is tested when you save.")
    name = forms.CharField(max_length=100, help_text="To tell your accounts apart.")


class AccountForm(forms.Form):
    name = forms.CharField(max_length=100)
    priority = forms.IntegerField(
        min_value=1,
        max_value=1000,
        help_text="Accounts with a smaller number are used first.",
    )
    secret = secret_field(
        required=False,
        help_text="Paste a new key to replace the stored one. Empty: the stored key stays.",
    )

    def __init__(self, *args: object, account: Connection, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Form's own parameters
        self.fields["name"].initial = account.name
        self.fields["priority"].initial = account.priority


class EndpointForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        help_text="How it is shown, such as “Office vLLM”.",
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    prefix = forms.CharField(  # type: ignore[assignment]  # a field; the metaclass takes it away
        max_length=40,
        help_text="Comes before the model name: prefix/model. Letters a-z, digits, dots, dashes.",
    )
    type = forms.ChoiceField(
        choices=Node.Type.choices,
        label="Speaks",
        help_text="Ollama, vLLM, LM Studio and most others are OpenAI-compatible.",
    )
    base_url = forms.CharField(
        label="Base URL",
        max_length=500,
        help_text="Up to and including /v1, such as http://10.0.0.5:8000/v1",
        widget=forms.URLInput,
    )
    secret = secret_field(required=False, help_text="Empty when the endpoint needs none.")
