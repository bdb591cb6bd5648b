//! What every back end must do: plain functions over a fresh store, listed once in [`cases`]. A case
//! that is not listed is dead code, and the build says so.

mod world;

pub(crate) mod accepting;
pub(crate) mod consents;
pub(crate) mod desk;
pub(crate) mod directory;
pub(crate) mod figures;
pub(crate) mod forgetting;
pub(crate) mod journey;
pub(crate) mod keeping;
pub(crate) mod optouts;
pub(crate) mod people;
pub(crate) mod platform;
pub(crate) mod receipts;
pub(crate) mod recipients;
pub(crate) mod search;
pub(crate) mod two_way;
pub(crate) mod waiting;

pub(crate) use world::World;

/// Every case, by the module it stands in.
macro_rules! cases {
    ($run:ident) => {
        $run! {
            accepting::{
                what_is_accepted_is_read_back_after_a_restart,
                messages_due_at_once_are_told_in_order,
                many_at_once_are_all_answered,
                an_id_is_kept_once,
                a_repeated_request_is_replayed,
                a_key_belongs_to_a_route_and_a_body,
                an_expired_key_is_new_again,
                two_requests_in_flight_with_one_key_keep_one_message,
                a_list_is_kept_whole_or_not_at_all,
                usage_counts_what_was_kept,
            }
            consents::{
                what_is_recorded_reads_back_and_is_chained,
                ledgers_of_workspaces_are_apart,
                a_withdrawal_is_an_entry_of_its_own,
                a_standing_has_the_last_ground_first,
                a_message_brings_its_consent_with_it,
                the_same_consent_is_brought_once,
                an_old_list_brings_nothing_back,
                a_refused_message_records_no_consent,
                verdicts_are_kept_with_their_message,
            }
            desk::{
                settings_are_kept_and_raise_the_generation,
                a_dossier_stays_with_its_sender,
                evidence_is_kept_octet_for_octet,
                a_workspace_has_so_many_senders,
                an_erased_person_stays_stopped,
            }
            directory::{
                the_directory_reads_back_and_its_generation_rises,
                keys_are_revoked_in_their_workspace_only,
                a_sender_belongs_to_one_workspace,
                senders_move_as_the_desk_says,
                the_audit_log_tells_who_and_why,
                routes_keep_their_numbers,
                what_is_missing_or_doubled_is_said,
            }
            figures::{
                messages_are_counted_with_their_ends,
                messages_count_in_the_hour_of_their_acceptance,
                what_rules_and_people_stop_is_counted,
                what_is_undone_is_not_counted,
            }
            forgetting::{
                texts_are_forgotten_by_class_and_whole_days,
                a_one_time_password_goes_with_its_end,
                messages_go_whole_and_their_proofs_later,
                what_phones_wrote_is_forgotten_and_proofs_later,
                many_are_forgotten_in_slices,
            }
            journey::{
                a_message_s_whole_life,
                a_long_message_is_the_sum_of_its_parts,
                deferred_parts_alone_are_owed,
                a_refusal_ends_it,
                what_was_not_written_is_given_back,
                a_cancelled_message_is_not_handed_over,
                a_handed_over_message_is_not_cancelled,
                a_withdrawn_message_says_why,
                a_stray_answer_changes_nothing,
            }
            keeping::{
                other_workspaces_see_nothing,
                lists_are_filtered_counted_and_paged,
                a_backup_is_a_whole_store,
                closing_waits_for_what_is_queued,
                a_sound_store_has_no_faults,
                what_is_kept_for_a_time_is_forgotten,
            }
            optouts::{
                a_stop_reads_back,
                a_stop_withdraws_what_waits_of_its_advertiser,
                scopes_reach_as_far_as_they_say,
                a_stop_follows_a_new_name,
                what_has_left_is_not_withdrawn,
                a_stop_is_lifted_only_on_a_new_consent,
                a_doubtful_stop_counts_until_it_is_read,
                standings_tell_the_stops_that_hold,
                a_held_message_waits_longer,
                stops_are_walked_from_a_place_on,
                what_becomes_of_stops_and_consents_is_in_the_audit_log,
            }
            people::{
                people_belong_to_workspaces,
                a_workspace_keeps_an_owner,
                a_session_ends_by_time_idleness_and_order,
                a_link_lets_in_once,
                a_role_comes_by_an_invitation,
                a_link_opens_no_more_than_it_did,
                a_code_of_the_second_factor_counts_once,
                changes_to_people_are_in_the_audit_log,
            }
            platform::{
                the_platform_sees_every_workspace_s_volume,
                a_key_tells_when_it_was_used,
                the_audit_log_is_filtered,
            }
            receipts::{
                a_receipt_before_its_answer_is_kept_and_matched,
                a_receipt_offered_again_after_a_crash_finds_its_own_message,
                a_late_receipt_of_a_doubled_message_settles_no_other,
                another_form_of_the_id_needs_the_recipient,
                an_early_receipt_in_another_form_is_claimed,
                a_reused_id_is_told_apart_by_the_recipient,
                a_second_receipt_is_no_orphan,
                a_late_delivery_wins,
                a_receipt_that_is_not_final_is_told,
                a_receipt_settles_the_one_unknown_part,
                a_receipt_may_come_before_its_answer_is_lost,
                an_smsc_without_ids_is_told_apart_by_recipients,
                a_receipt_does_not_guess_between_two,
                a_receipt_does_not_guess_when_the_clock_was_set_back,
                an_orphan_is_listed,
                every_case_of_a_receipt_is_counted,
                a_receipt_of_four_days_later_settles_its_message,
                a_second_receipt_is_known_after_a_restart,
            }
            recipients::{
                a_person_s_messages_are_found_newest_first,
                an_indexed_person_is_erased,
            }
            search::{
                a_search_goes_on_page_by_page,
                every_state_is_found,
                filters_narrow_a_search,
                what_is_scheduled_is_told_by_when_it_leaves,
            }
            two_way::{
                parts_make_a_whole_in_any_order,
                what_stays_incomplete_is_read_as_far_as_it_came,
                a_repeated_delivery_is_kept_once,
                a_stop_to_nobody_is_listed_and_start_there_lifts_it,
                what_cannot_be_read_is_kept_as_it_came_and_harms_nobody,
                a_stop_ends_what_waits_of_the_conversation,
                a_conversation_begins_when_a_phone_writes,
                what_is_nobodys_is_kept_and_listed,
                a_start_lifts_what_the_person_had_stopped,
                an_operator_that_knows_a_stop_is_believed,
                a_word_is_one_keyword_on_a_code,
                a_shared_code_belongs_to_each_and_another_to_one,
                an_erased_person_has_said_nothing,
            }
            waiting::{
                a_restart_makes_unknown_what_was_handed_over,
                a_resent_message_is_marked,
                a_part_is_given_once_however_often_it_waits,
                a_late_answer_counts,
                a_message_left_unknown_comes_up_no_more,
                scheduled_messages_are_released_when_due,
                the_queue_is_filled_in_order,
                a_receipt_that_never_came_leaves_it_unknown,
            }
        }
    };
}
pub(crate) use cases;
