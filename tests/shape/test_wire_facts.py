"""What real clients were seen to need on the wire, and the tests that see to it that they get it.
Each line names the tests as `named_tests` spells them."""

from __future__ import annotations

import pytest

from tests.shape.named_tests import missing

FACTS: dict[str, tuple[str, ...]] = {
    # What is asked for, and how
    "The key may come in any of the headers, on every path.": (
        "e2e/test_access::every_carrier_gets_the_same_verdict",
    ),
    "Only Gemini's clients put the key into the address.": (
        "e2e/test_paths::only_geminis_callers_may_put_the_key_into_the_query",
    ),
    "Users write bases with one version too many or too few.": (
        "e2e/test_paths::it_answers_under_every_base_that_users_write",
    ),
    "Gemini's model stands in the path, with slashes and colons, escaped or not.": (
        "e2e/test_paths::it_reads_geminis_model_out_of_any_path",
        "e2e/test_google_sdk::it_works_with_either_version_of_the_path",
    ),
    "Three APIs share one address for the list of models.": (
        "e2e/test_dialects_models::it_lists_models_in_the_callers_shape",
        "e2e/test_dialects_models::the_official_sdks_read_their_lists",
    ),
    "SDKs escape the slash of a model's name.": (
        "e2e/test_dialects_models::it_shows_one_model_whose_name_has_a_slash",
    ),
    "Claude Code probes before it asks.": (
        "e2e/test_paths::claude_codes_probe_gets_an_answer_and_no_page",
    ),
    "Codex tries a WebSocket first and falls back at once on one status only.": (
        "e2e/test_websocket::an_upgrade_is_refused",
        "e2e/test_paths::granian_refuses_a_websocket_as_daphne_does",
    ),
    "What is not here is told as JSON in the caller's dialect.": (
        "e2e/test_paths::an_unknown_path_is_a_json_404_in_the_callers_dialect",
        "e2e/test_paths::a_method_that_is_not_served_is_a_404_in_geminis_words",
    ),
    "Claude Code asks for many counts at once.": (
        "e2e/test_counting::claude_code_asks_for_thirty_four_counts_at_once",
    ),
    "Anthropic's SDKs speak two versions of the API.": (
        "e2e/test_dialects_structured::anthropics_versions_reach_its_own_format_as_sent",
        "e2e/test_dialects_structured::a_translated_request_uses_the_old_version",
    ),
    "A session's header finds the prompt cache.": (
        "resp/test_passthrough::it_forwards_what_finds_the_prompt_cache_and_no_identity",
        "e2e/test_dialects_agents::codex_gets_a_responses_provider_as_it_is",
    ),
    # What is in the requests
    "Claude Code: system blocks, system messages, adaptive thinking, marks on tools.": (
        "ant/test_request::it_reads_system_text_in_every_place",
        "ant/test_request::it_reads_thinking",
        "gem/test_tools::it_names_the_marks_on_tools_that_stay_behind",
        "e2e/test_dialects_agents::claude_code_works_with_every_provider",
    ),
    "SDKs go on without message threads when they are told so.": (
        "ant/test_request::it_refuses_threads_so_that_sdks_go_on_without_them",
    ),
    "Codex: developer items, freeform tools, namespaces, and fields of its own.": (
        "resp/test_items::it_strips_what_clients_add_to_items",
        "resp/test_tools::it_reads_freeform_tools_with_and_without_a_grammar",
        "resp/test_tools::it_reads_the_tools_of_a_namespace",
        "e2e/test_dialects_agents::codex_works_with_every_provider",
    ),
    "Items may lack their type, reasoning its id.": (
        "resp/test_items::it_reads_messages_of_every_role_with_and_without_their_type",
        "resp/test_items::it_reads_reasoning_with_and_without_id_summary_and_seal",
    ),
    "Some leave `store` out, whose default is true.": (
        "e2e/test_responses_sdk::store_left_out_or_asked_for_harms_nobody",
    ),
    "Compaction is for its own provider only, and others say what to do instead.": (
        "resp/test_request::it_calls_a_compaction_request_unsupported",
        "e2e/test_responses_sdk::compaction_is_for_the_provider_that_has_it",
    ),
    "Chat: either limit, developers, lists of text also from tools, freeform tools.": (
        "chat/test_body::it_sends_the_limit_in_the_field_and_within_the_ceiling_of_the_model",
        "chat/test_passthrough::it_gives_a_model_the_limit_in_the_field_it_knows",
        "chat/test_tools::it_reads_custom_and_hosted_tools",
        "e2e/test_dialects_agents::opencode_works_with_every_provider",
    ),
    "Gemini: both spellings, tools as one object, calls with and without ids.": (
        "gem/test_request::it_reads_both_spellings_alike",
        "gem/test_tools::it_reads_functions_in_every_shape",
        "gem/test_returned::it_pairs_calls_without_ids_by_their_name_and_order",
        "gem/test_returned::it_pairs_by_id_where_there_is_one",
        "e2e/test_dialects_agents::gemini_cli_works_with_every_provider",
    ),
    "Reasoning comes back in four shapes and finds its owner.": (
        "e2e/test_dialects_reasoning::a_signature_returns_to_its_owner_byte_for_byte",
        "e2e/test_dialects_reasoning::a_history_of_several_providers_poisons_no_later_turn",
        "chat/test_luggage::it_comes_back_from_an_sdk_that_strings_all_deltas_together",
    ),
    "Google's SDK keeps a streamed answer in the pieces it came in.": (
        "gem/test_returned::it_puts_an_answer_together_that_comes_back_cut_as_it_was_streamed",
        "e2e/test_google_sdk::a_chat_goes_on_after_a_stream",
    ),
    # What fails, and how it is told
    "A 429 always says when to come back, and soon.": (
        "e2e/test_dialects_errors::it_always_tells_when_to_come_back_after_a_429",
        "e2e/test_dialects_errors::every_account_that_rests_is_a_429_with_a_short_wait",
    ),
    "A broken stream ends so that this dialect's clients ask again.": (
        "e2e/test_dialects_endings::a_broken_stream_ends_so_that_clients_ask_again",
        "e2e/test_outcomes::it_never_ends_a_broken_stream_as_a_success",
    ),
    "Codex asks again after a failure with one code only.": (
        "resp/test_errors::it_ends_a_broken_stream_so_that_codex_asks_again",
    ),
    "Until there is content, another account answers.": (
        "e2e/test_outcomes::it_goes_on_with_the_next_account_before_any_content",
    ),
    "Clients compact on the words of their own API.": (
        "ant/test_errors::it_says_prompt_is_too_long_in_the_words_that_make_clients_compact",
    ),
    "A silent stream is kept open by what no client minds.": (
        "ant/test_passthrough::it_keeps_a_stream_open_with_a_ping",
        "gem/test_sdk::it_accepts_a_stream_and_what_keeps_it_open",
    ),
    # What clients break without
    "Chat: a finish, and index and type of each call.": (
        "chat/test_writer::it_always_sends_a_finish_that_agrees_with_the_answer",
        "chat/test_writer::it_gives_calls_an_index_a_type_and_interleaved_fragments",
    ),
    "Messages: named events, both usages, every block stopped, both ends.": (
        "ant/test_writer::it_keeps_the_grammar_whatever_the_events",
        "ant/test_writer::it_tells_prompt_tokens_at_the_start_known_or_estimated",
        "ant/test_writer::it_carries_usage_that_came_last_in_its_one_message_delta",
        "e2e/test_dialects_endings::a_whole_stream_is_framed_as_its_dialect_frames_it",
    ),
    "Responses: completion with output and usage, items announced, said and done, numbers.": (
        "resp/test_clients::it_sends_the_terminal_event_without_which_codex_opencode_and_qwen_ask_again",
        "resp/test_clients::it_sends_the_done_event_of_every_item_that_codex_opencode_and_qwen_act_on",
        "resp/test_clients::it_announces_every_item_as_opencode_pi_and_droid_need_it",
        "resp/test_clients::it_sends_the_deltas_that_opencode_qwen_and_droid_listen_to",
        "resp/test_clients::it_sends_the_usage_without_which_opencode_loops",
        "resp/test_clients::it_numbers_every_event_as_goose_needs_it",
        "resp/test_clients::it_fills_the_output_of_the_last_event_that_copilot_reads",
    ),
    "Gemini: a reason, always.": (
        "gem/test_writer::it_always_ends_with_a_reason_even_if_there_was_nothing_to_say",
    ),
    "Claude Code drops thinking of a model that it did not ask for.": (
        "e2e/test_dialects_agents::claude_code_works_with_every_provider",
    ),
}


@pytest.mark.parametrize("fact", FACTS)
def test_every_wire_fact_has_tests_that_exist(fact: str) -> None:
    assert FACTS[fact]
    assert missing(list(FACTS[fact])) == []
