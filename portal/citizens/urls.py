"""Addresses of the public pages."""

from django.urls import path
from django.views.generic import RedirectView

from portal.citizens import (
    action_views,
    calendar_views,
    code_views,
    concerned_views,
    document_views,
    draft_views,
    form_views,
    front_views,
    live_views,
    message_views,
    picture_views,
    transparency_views,
)

app_name = "citizens"

urlpatterns = [
    path("", front_views.front, name="front"),
    path("request/", RedirectView.as_view(url="/request/rights/"), name="start"),
    path("request/photo/picture/", draft_views.draft_photo, name="draft_photo"),
    path("request/check/", form_views.Check.as_view(), name="check"),
    path("request/leave/", draft_views.leave, name="leave_form"),
    path("request/<slug:step>/", form_views.Step.as_view(), name="form"),
    path("transparency/", transparency_views.transparency, name="transparency"),
    path("kept/", front_views.kept, name="kept"),
    path("find/", code_views.Find.as_view(), name="find"),
    path("leave/", code_views.leave, name="leave"),
    path("open/<str:token>/", code_views.link, name="link"),
    path("requests/<uuid:request_id>/", action_views.status, name="status"),
    path("requests/<uuid:request_id>/due.ics", calendar_views.due_date, name="due_date"),
    path("requests/<uuid:request_id>/code/", code_views.Code.as_view(), name="code"),
    path("requests/<uuid:request_id>/photo/", action_views.photo, name="photo"),
    path("requests/<uuid:request_id>/questions/<int:question_id>/", action_views.reply, name="reply"),
    path("requests/<uuid:request_id>/message/", message_views.message, name="message"),
    path("requests/<uuid:request_id>/message/<uuid:evidence_id>.jpg", message_views.picture, name="message_picture"),
    path("open/concerned/<str:token>/", concerned_views.concerned, name="concerned"),
    path("requests/<uuid:request_id>/mandate/", concerned_views.mandate, name="mandate"),
    path("requests/<uuid:request_id>/live/", live_views.live, name="live"),
    path("requests/<uuid:request_id>/document/", document_views.document, name="document"),
    path("requests/<uuid:request_id>/withdraw/", action_views.withdraw, name="withdraw"),
    path("requests/<uuid:request_id>/erase-now/", action_views.erase_now, name="erase_now"),
    path("requests/<uuid:request_id>/template/keep/", action_views.consent, name="consent"),
    path("requests/<uuid:request_id>/template/destroy/", action_views.withdraw_consent, name="withdraw_consent"),
    path("requests/<uuid:request_id>/answer/", action_views.download, name="download"),
    path("requests/<uuid:request_id>/answer/renew/", action_views.renew, name="renew"),
    path("requests/<uuid:request_id>/answer/pictures/", picture_views.pictures, name="pictures"),
    path("requests/<uuid:request_id>/answer/pictures/<int:number>.jpg", picture_views.picture, name="answer_picture"),
    path("requests/<uuid:request_id>/answer/pictures/<int:number>/not-me/", picture_views.not_me, name="not_me"),
    path("requests/<uuid:request_id>/answer/file/", action_views.download_file, name="download_file"),
]
