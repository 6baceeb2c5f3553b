"""What translation between these APIs is known to get wrong, and the tests that see to it that this
one does not. Each line names the tests as `named_tests` spells them."""

from __future__ import annotations

import pytest

from tests.shape.named_tests import missing

PITFALLS: dict[int, tuple[str, ...]] = {
    # Streams to Messages clients
    1: (
        "A call that comes whole, name and arguments in one delta, keeps its arguments.",
        "ant/test_writer::it_streams_a_call_whose_name_and_arguments_came_together",
        "chat/test_deltas::it_puts_tool_calls_together",
    ),
    2: (
        "Calls whose fragments mix become blocks one after another.",
        "ant/test_writer::it_puts_interleaved_calls_into_blocks_of_their_own",
        "e2e/test_dialects_pairs::it_calls_tools_and_takes_their_results",
    ),
    3: (
        "A name that is said again, or left empty later, starts no second call.",
        "chat/test_deltas::it_puts_tool_calls_together",
    ),
    4: (
        "An open text ends before a call begins.",
        "ant/test_writer::it_closes_text_before_a_call_opens_and_opens_no_empty_text",
        "e2e/test_dialects_agents::claude_code_works_with_every_provider",
    ),
    5: (
        "An empty list of calls on each delta closes nothing.",
        "chat/test_deltas::it_reads_what_the_vendors_write",
        "chat/test_tap::it_is_ready_at_the_first_content_and_not_before",
    ),
    6: (
        "Usage that comes behind the finish reaches the one closing event.",
        "ant/test_writer::it_carries_usage_that_came_last_in_its_one_message_delta",
        "chat/test_pitfalls::it_carries_the_usage_behind_the_finish_to_the_client_once",
        "chat/test_stream::it_finds_the_usage_wherever_it_is",
    ),
    7: (
        "The beginning of an answer tells input tokens, estimated if need be.",
        "ant/test_writer::it_tells_prompt_tokens_at_the_start_known_or_estimated",
        "e2e/test_dialects_agents::claude_code_works_with_every_provider",
    ),
    8: (
        "An answer names the model as the client asked for it.",
        "ant/test_writer::it_names_the_model_that_the_client_asked_for_and_one_id_of_its_own",
        "e2e/test_dialects_pairs::it_answers",
        "e2e/test_dialects_agents::claude_code_works_with_every_provider",
    ),
    9: (
        "An answer with a call ends as one, and only such an answer does.",
        "ant/test_writer::it_writes_the_reason",
        "ant/test_response::it_never_says_tool_use_without_a_call_nor_end_turn_with_one",
    ),
    10: (
        "An error as the first event of a 200 is a failure, and another account may help.",
        "e2e/test_outcomes::an_error_event_before_content_counts_as_a_failure",
        "e2e/test_dialects_errors::a_stream_that_fails_before_its_first_word_is_a_real_error",
    ),
    11: (
        "The stop string that ended an answer is told.",
        "chat/test_stream::it_tells_which_stop_string_matched",
        "ant/test_response::it_tells_the_stop_sequence",
    ),
    12: (
        "An empty answer is an answer.",
        "ant/test_writer::it_writes_an_empty_answer",
        "chat/test_pitfalls::it_takes_an_empty_completion_for_an_answer_and_not_for_a_fault",
        "gem/test_response::it_takes_an_empty_answer_for_an_answer",
    ),
    13: (
        "A call id that the client may not use is respelled, and found again when it returns.",
        "ant/test_writer::it_gives_odd_and_missing_ids_a_valid_form",
        "ant/test_tools::it_restores_a_providers_odd_id_when_the_client_sends_it_back",
        "hub/test_callids::it_makes_any_id_valid_and_finds_it_again",
        "e2e/test_dialects_calls::odd_ids_return_to_their_provider_as_they_were",
    ),
    # Streams to Responses clients
    14: (
        "There is one completion, with the output and the sum of tokens.",
        "resp/test_pitfalls::it_completes_once_with_output_and_total_tokens",
    ),
    15: (
        "An answer that dies is told as failed.",
        "resp/test_pitfalls::it_never_completes_an_answer_that_died",
        "e2e/test_dialects_endings::a_broken_stream_ends_so_that_clients_ask_again",
    ),
    16: (
        "The last event completes a stream, with or without a mark behind it.",
        "resp/test_stream::it_is_complete_without_a_done_line_and_not_by_one",
    ),
    17: (
        "Each item is announced once, under one number and one id.",
        "resp/test_writer::it_counts_all_items_in_one_row",
        "resp/test_pitfalls::it_announces_each_of_parallel_calls_once_and_one_after_another",
        "e2e/test_responses_sdk::its_stream_helper_hears_every_step",
    ),
    18: (
        "What is done is told again in full.",
        "resp/test_interleaved::it_writes_one_grammatical_stream",
        "e2e/test_dialects_agents::codex_works_with_every_provider",
    ),
    19: (
        "Codex's whole request works, not only a bare one.",
        "resp/test_pitfalls::it_serves_a_codex_request_at_every_provider",
        "chat/test_pitfalls::it_carries_a_coding_agents_request_and_not_only_a_bare_one",
        "e2e/test_dialects_agents::codex_works_with_every_provider",
    ),
    20: (
        "A freeform tool comes back as raw text, now and in later turns.",
        "resp/test_pitfalls::it_carries_a_freeform_tool_around_the_whole_circle",
        "e2e/test_dialects_agents::codex_works_with_every_provider",
    ),
    21: (
        "Namespaces are flattened, others' hosted tools left out, and no tool lacks a name.",
        "resp/test_pitfalls::it_flattens_or_drops_every_tool_and_sends_none_without_a_name",
        "resp/test_pitfalls::it_gives_a_call_of_a_namespace_back_as_one",
        "e2e/test_responses_sdk::hosted_tools_and_a_choice_of_them_break_nothing",
    ),
    22: (
        "State that only another provider holds is refused with advice.",
        "resp/test_request::it_never_ignores_state_that_only_another_provider_holds",
        "resp/test_errors::it_tells_a_client_that_an_earlier_answer_is_gone",
        "e2e/test_responses_sdk::state_that_nobody_keeps_is_a_400_with_advice",
    ),
    23: (
        "Text and calls of one turn stay one message.",
        "resp/test_pitfalls::it_makes_one_chat_message_of_text_and_calls_of_one_turn",
    ),
    24: (
        "A call or a result without its other half is repaired or dropped.",
        "resp/test_pitfalls::it_repairs_or_drops_calls_and_results_without_each_other",
        "chat/test_history::it_gives_every_call_one_answer_and_drops_stray_ones",
        "e2e/test_dialects_any_history::every_history_becomes_a_request_that_its_api_takes",
    ),
    25: (
        "Sealed reasoning goes along without the ids of items.",
        "resp/test_pitfalls::it_sends_sealed_reasoning_on_and_strips_ids",
        "e2e/test_dialects_reasoning::a_signature_returns_to_its_owner_byte_for_byte",
    ),
    26: (
        "What the limit has cut is incomplete.",
        "resp/test_pitfalls::it_never_completes_an_answer_that_the_limit_has_cut",
        "e2e/test_responses_sdk::an_answer_that_the_limit_has_cut_is_incomplete",
    ),
    # Messages as provider
    27: (
        "An open tool turn has its thinking again, or thinking is off.",
        "ant/test_history::it_switches_thinking_off_when_the_open_tool_turn_has_lost_its_thinking",
        "e2e/test_dialects_reasoning::a_signature_returns_to_its_owner_byte_for_byte",
        "e2e/test_dialects_reasoning::thinking_goes_off_where_the_open_tool_turn_has_lost_it",
    ),
    28: (
        "Thinking of others is left out; a refused signature costs one more try without it.",
        "ant/test_history::it_keeps_thinking_that_anthropic_signed_and_drops_the_rest",
        "e2e/test_dialects_reasoning::a_signature_never_reaches_another_provider",
        "e2e/test_anthropic_sdk::a_refused_signature_is_left_out_and_the_provider_asked_once_more",
    ),
    29: (
        "What passes through keeps its bytes.",
        "ant/test_passthrough::it_replaces_the_model_and_touches_nothing_else",
        "gateway/test_splice::it_leaves_every_other_byte_alone",
    ),
    30: (
        "No content beside a call means no text block.",
        "ant/test_history::it_sends_no_empty_text_block",
        "chat/test_history::it_writes_null_and_not_an_empty_string_beside_a_call",
    ),
    31: (
        "System text in mid-conversation is taken and keeps its place.",
        "ant/test_request::it_reads_system_text_in_every_place",
        "ant/test_history::it_lets_later_system_text_speak_in_its_place_marked_as_what_it_is",
    ),
    32: (
        "Thinking is asked for as the model takes it, within the limit.",
        "ant/test_thinking::it_never_sends_a_budget_that_max_tokens_cannot_hold",
        "ant/test_thinking::it_knows_what_a_claude_without_facts_takes",
    ),
    33: (
        "Sampling that thinking refuses stays behind.",
        "ant/test_body::it_drops_sampling_that_thinking_refuses",
    ),
    34: (
        "Beta headers go to providers of the same format and with no translated request.",
        "ant/test_passthrough::it_tells_where_it_wants_requests_and_with_which_headers",
        "e2e/test_dialects_structured::anthropics_versions_reach_its_own_format_as_sent",
    ),
    35: (
        "Cache marks stay, are added where there are none, and never exceed four.",
        "ant/test_body::it_marks_a_conversation_of_another_api_for_caching_at_its_stable_ends",
        "ant/test_body::it_leaves_clients_that_mark_for_themselves_alone",
        "ant/test_passthrough::it_replaces_the_model_and_touches_nothing_else",
    ),
    36: (
        "What changes with each request is kept away from others' prompt caches.",
        "ant/test_request::it_drops_the_billing_header_that_would_spoil_foreign_prompt_caches",
        "resp/test_pitfalls::it_keeps_what_changes_with_each_request_away_from_a_prompt_cache",
        "resp/test_pitfalls::it_sends_the_same_bytes_for_the_same_conversation",
    ),
    37: (
        "A client's own tool may be named like a hosted one.",
        "ant/test_request::it_does_not_confuse_a_client_tool_with_the_server_tool_of_the_same_name",
    ),
    # Gemini as provider
    38: (
        "Calls without ids get their own, and their results find them in order.",
        "gem/test_stream::it_gives_every_call_an_id_of_its_own",
        "gem/test_returned::it_pairs_calls_without_ids_by_their_name_and_order",
        "e2e/test_dialects_calls::calls_without_ids_keep_their_results_in_order",
    ),
    39: (
        "Results of parallel calls stand in one content.",
        "gem/test_contents::it_puts_parallel_results_from_separate_messages_into_one_content",
        "e2e/test_dialects_pairs::it_calls_tools_and_takes_their_results",
    ),
    40: (
        "Signatures return on the first call; calls of others get the documented stand-in.",
        "gem/test_signatures::it_gives_every_signature_back_on_its_own_part",
        "gem/test_signatures::it_signs_the_first_call_of_every_step_of_the_current_turn_and_no_other",
        "e2e/test_dialects_reasoning::gemini_3_gets_the_documented_dummy_for_calls_of_others",
    ),
    41: (
        "A signature on an empty text is kept.",
        "gem/test_contents::it_keeps_a_signature_on_an_empty_text",
    ),
    42: (
        "Schemas are said in words that Google knows.",
        "gem/test_schema::it_reduces_the_tools_of_coding_agents_to_what_google_takes",
        "gem/test_any_schema::it_takes_any_schema_and_says_it_in_allowed_words_only",
    ),
    43: (
        "A plain stop with a call anywhere before it is a stop for the call.",
        "gem/test_stream::it_calls_a_stop_with_a_call_tool_calls_wherever_the_call_was",
    ),
    44: (
        "A broken call is no clean end.",
        "gem/test_stream::it_never_takes_a_broken_call_for_a_clean_stop",
        "gem/test_stream::it_fails_over_from_a_broken_call_before_any_content",
    ),
    45: (
        "A blocked prompt is a filtered answer.",
        "gem/test_response::it_takes_a_blocked_prompt_for_a_filtered_answer",
        "gem/test_stream::it_takes_a_blocked_prompt_for_a_filtered_answer",
    ),
    46: (
        "Thoughts count as output, and sums add up.",
        "gem/test_response::it_counts_thoughts_as_output_and_the_cache_apart",
        "gem/test_response::it_writes_usage_whose_total_adds_up",
    ),
    47: (
        "A stream as one array is read and written.",
        "gem/test_array::it_finds_the_objects_however_the_array_is_cut",
        "gem/test_array::it_makes_an_array_of_what_a_writer_says",
        "e2e/test_dialects_endings::a_whole_stream_is_framed_as_its_dialect_frames_it",
    ),
    # Chat as provider
    48: (
        "Reasoning returns on tool turns where its absence is refused.",
        "chat/test_history::it_returns_reasoning_on_tool_turns_where_the_provider_demands_it",
    ),
    49: (
        "Mistral gets its short ids, and its lists of content are read.",
        "chat/test_history::it_respells_call_ids_for_those_who_refuse_them",
        "chat/test_deltas::it_reads_what_the_vendors_write",
    ),
    50: (
        "Output is the same whichever way a vendor counts reasoning.",
        "chat/test_usage::it_reads_the_counts_of_every_vendor",
    ),
    51: (
        "An error within a 200 is an error.",
        "chat/test_response::it_takes_an_error_inside_a_200_for_an_error",
        "chat/test_stream::it_ends_without_a_finish_at_an_error",
        "e2e/test_dialects_errors::an_error_inside_a_200_is_an_error",
    ),
    52: (
        "Usage is always asked for and told only to who asked.",
        "chat/test_passthrough::it_always_asks_for_the_usage_of_a_stream",
        "chat/test_writer::it_sends_the_usage_only_when_asked_and_after_the_finish",
        "e2e/test_dialects_endings::usage_comes_only_to_who_asked_for_it",
    ),
    53: (
        "A chunk without choices breaks nothing.",
        "chat/test_stream::it_passes_over_odd_chunks",
    ),
    54: (
        "Half a call that the limit has cut never looks whole.",
        "chat/test_pitfalls::it_never_makes_a_call_that_was_cut_by_the_limit_look_complete",
        "resp/test_pitfalls::it_marks_the_call_that_the_limit_has_cut",
        "ant/test_writer::it_lets_length_beat_a_half_written_call",
        "gem/test_writer::it_leaves_out_a_call_that_was_cut",
    ),
    55: (
        "Pictures in results reach models of every format.",
        "chat/test_media::it_gives_images_in_tool_results_a_message_of_their_own",
        "resp/test_pitfalls::it_passes_images_in_results_on_to_every_provider",
    ),
    56: (
        "Nothing is strict unless the client said so.",
        "resp/test_pitfalls::it_keeps_optional_properties_optional",
        "chat/test_body::it_says_strict_only_when_the_client_said_it",
    ),
    57: (
        "A developer is the system where nobody knows developers.",
        "chat/test_history::it_uses_the_role_that_the_provider_knows",
        "chat/test_passthrough::it_makes_the_role_developer_system_for_those_who_do_not_know_it",
    ),
    58: (
        "Fields of one API do not reach another.",
        "ant/test_body::it_does_not_let_fields_of_other_apis_leak_upstream",
        "resp/test_pitfalls::it_leaks_nothing_of_the_client_to_another_provider",
        "e2e/test_dialects_agents::claude_code_works_with_every_provider",
    ),
    # Transport, counting, lists
    59: (
        "Streams may be cut anywhere, and end their lines as they like.",
        "gateway/test_sse::it_reads_the_same_events_byte_by_byte",
        "chat/test_stream::it_reads_the_same_events_for_any_split",
        "ant/test_stream::it_reads_the_same_events_however_the_stream_is_cut",
        "resp/test_stream::it_takes_line_ends_comments_and_missing_spaces",
        "gem/test_stream::it_reads_the_same_byte_by_byte_even_inside_of_a_character",
    ),
    60: (
        "A client that leaves ends the call, and what was delivered is counted.",
        "e2e/test_outcomes::it_cancels_the_provider_when_the_client_goes",
        "e2e/test_outcomes::cancelling_before_any_answer_is_recorded",
        "e2e/test_dialects_ledger::a_client_that_leaves_ends_the_call_to_the_provider",
    ),
    61: (
        "Every model can be counted for, with system text and tools.",
        "e2e/test_counting::it_counts_for_every_model_and_calls_nobody",
        "e2e/test_counting::it_counts_system_text_and_tools",
        "e2e/test_counting::it_needs_no_output_limit_and_minds_none",
    ),
    62: (
        "Models are shown in the caller's shape, also those with a slash.",
        "e2e/test_dialects_models::it_shows_one_model_whose_name_has_a_slash",
        "e2e/test_dialects_models::it_lists_models_in_the_callers_shape",
    ),
    63: (
        "A base with one version too many or too few works.",
        "e2e/test_paths::it_answers_under_every_base_that_users_write",
    ),
    64: (
        "Cached tokens are the same everywhere and cost what they cost.",
        "resp/test_pitfalls::it_carries_cached_tokens_both_ways",
        "e2e/test_dialects_ledger::every_pair_is_counted_alike",
        "gateway/test_usage::it_is_the_exact_sum_rounded_once",
    ),
    65: (
        "Each status has its word.",
        "ant/test_errors::it_words_every_error_as_clients_key_on_it",
        "e2e/test_dialects_errors::it_words_every_refusal_of_a_provider_for_its_caller",
    ),
}


def test_every_pitfall_is_known() -> None:
    assert list(PITFALLS) == list(range(1, 66))


@pytest.mark.parametrize("number", PITFALLS)
def test_every_pitfall_has_tests_that_exist(number: int) -> None:
    words, *tests = PITFALLS[number]
    assert words.endswith(".")
    assert tests
    assert missing(tests) == []
