"""The story of one request, and the only place that moves both rooms: the case in `rights`, the pictures in `matching`.

It is told in this order, one module a chapter:

    received     receive, confirm, replace_probe, withdraw          what the person does
    searched     search, look_again                                 every face held is swept
    decided      review, withdraw_verdict, finish_review, decide    what staff do
    carried_out  build_answer, delivered, waive_copy, renew_answer  the copy
    erased       erase, start_due_erasures                          the erasure and its proof
    suppressed   consent, withdraw_consent, judge_held, erase_held  staying erased, if the person wants a template kept
    timed        extend, doubt, ask, answer, received_again         what moves the legal date
    documented   ask_document, receive_document, decide_document         an identity document, on a recorded doubt
    live         draw_poses, receive_frame, check_live                  three poses before a camera
    represented  put_mandate, record_known, agreed, disowned            somebody acts for another
    written      hear, tell                                     what the person and staff write to each other
    assigned     assign                                         who has it on their desk
    disowned_pictures not_me, settle_not_me                     a picture in the answer that shows somebody else
    continued    choose_erasure, search_with                    what the person asks for after the answer
    contact      correct_details, propose_address, prove_address how the person is called and written to
    watched      watch_what_is_owed, watch_the_sources              nobody forgets it
    closed       destroy_what_is_due                                the end of the evidence

Every step is safe to call twice and safe to die in: what must happen is a row before it is a message, a step that
was done already returns at once, and each state change is a conditional update.
"""

from portal.flow.assigned import assign
from portal.flow.carried_out import build_answer, delivered, renew_answer, waive_copy
from portal.flow.closed import destroy_what_is_due, remove_orphans
from portal.flow.contact import can_correct, correct_details, propose_address, prove_address
from portal.flow.continued import choose_erasure, chosen_photos, erased_by, search_with
from portal.flow.decided import countersign, decide, finish_review, reject, review, withdraw_verdict
from portal.flow.disowned_pictures import not_me, settle_not_me
from portal.flow.documented import (
    ask_document,
    compare_document,
    decide_document,
    destroy_unused_documents,
    note_check_digits,
    on_the_table,
    open_check,
    receive_document,
    start_due_comparisons,
    withdraw_doubt,
)
from portal.flow.erased import ErasureNotProven, copy_is_settled, erase, start_due_erasures
from portal.flow.live import (
    check_live,
    choose_another_way,
    destroy_unused_frames,
    draw_poses,
    live_check,
    may_go_live,
    next_frame,
    receive_frame,
    start_due_live_checks,
)
from portal.flow.received import Contact, confirm, is_decided, receive, replace_probe, withdraw
from portal.flow.represented import agreed, disowned, keep_from_child, put_mandate, record_known
from portal.flow.searched import look_again, search, start_due_searches
from portal.flow.suppressed import (
    consent,
    end_due_consents,
    erase_held,
    judge_held,
    keep_template,
    start_due_held_erasures,
    withdraw_consent,
)
from portal.flow.timed import answer, ask, doubt, extend, received_again
from portal.flow.watched import watch_the_sources, watch_what_is_owed
from portal.flow.written import NotYet, can_write, hear, tell, were_read
from rights.law.lifecycle import AnswerIncomplete

__all__ = [
    "AnswerIncomplete",
    "Contact",
    "ErasureNotProven",
    "NotYet",
    "agreed",
    "answer",
    "ask",
    "ask_document",
    "assign",
    "build_answer",
    "can_correct",
    "can_write",
    "check_live",
    "choose_another_way",
    "choose_erasure",
    "chosen_photos",
    "compare_document",
    "confirm",
    "consent",
    "copy_is_settled",
    "correct_details",
    "countersign",
    "decide",
    "decide_document",
    "delivered",
    "destroy_unused_documents",
    "destroy_unused_frames",
    "destroy_what_is_due",
    "disowned",
    "doubt",
    "draw_poses",
    "end_due_consents",
    "erase",
    "erase_held",
    "erased_by",
    "extend",
    "finish_review",
    "hear",
    "is_decided",
    "judge_held",
    "keep_from_child",
    "keep_template",
    "live_check",
    "look_again",
    "may_go_live",
    "next_frame",
    "not_me",
    "note_check_digits",
    "on_the_table",
    "open_check",
    "propose_address",
    "prove_address",
    "put_mandate",
    "receive",
    "receive_document",
    "receive_frame",
    "received_again",
    "record_known",
    "reject",
    "remove_orphans",
    "renew_answer",
    "replace_probe",
    "review",
    "search",
    "search_with",
    "settle_not_me",
    "start_due_comparisons",
    "start_due_erasures",
    "start_due_held_erasures",
    "start_due_live_checks",
    "start_due_searches",
    "tell",
    "waive_copy",
    "watch_the_sources",
    "watch_what_is_owed",
    "were_read",
    "withdraw",
    "withdraw_consent",
    "withdraw_doubt",
    "withdraw_verdict",
]
