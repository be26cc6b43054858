/* test_card.c - invitations, contacts, reports as people read them; winmail.dat. */
#include <string.h>
#include "pintail/mime/calendar.h"
#include "pintail/mime/card.h"
#include "pintail/mime/part.h"
#include "pintail/mime/reading.h"

static char *card(const char *type, const char *text)
{
    g_autofree char *message = g_strdup_printf("Content-Type: %s\n\n%s", type, text);
    g_autoptr(Part) p = part_parse(message, strlen(message));
    return card_of(p, text);
}

static void check(const char *type, const char *text, const char *wanted)
{
    g_autofree char *got = card(type, text);
    g_assert_cmpstr(got, ==, wanted);
}

#define ZONE                                                                                      \
    "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n"               \
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n"       \
    "END:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\n"         \
    "TZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
#define REQUEST(lines) "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" ZONE "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define ASKED "UID:u@x\r\nORGANIZER;CN=\"Ada L\":mailto:ada@example.org\r\nATTENDEE;RSVP=TRUE:MAILTO:Bea@example.com\r\n"

static void test_times(void) /* the tests' zone is UTC */
{
    static const struct {
        const char *lines, *when;
    } cases[] = {
        {"DTSTART:20270705T120000Z\r\nDTEND:20270705T133000Z\r\n", "Mon 5 Jul 2027, 12:00–13:30"},
        {"DTSTART;TZID=Ours:20270705T140000\r\nDURATION:PT1H30M\r\n", "Mon 5 Jul 2027, 12:00–13:30"},
        {"DTSTART;TZID=Ours:20270105T140000\r\n", "Tue 5 Jan 2027, 13:00"},
        /* the last Sunday of March 2027 is the 28th: the hour before and after */
        {"DTSTART;TZID=Ours:20270328T015900\r\n", "Sun 28 Mar 2027, 00:59"},
        {"DTSTART;TZID=Ours:20270328T030000\r\n", "Sun 28 Mar 2027, 01:00"},
        {"DTSTART;TZID=\"Nowhere/At All\":20270328T030000\r\n",
         "Sun 28 Mar 2027, 03:00 (time zone of the sender: Nowhere/At All)"},
        {"DTSTART;TZID=../../etc/passwd:20270328T030000\r\n",
         "Sun 28 Mar 2027, 03:00 (time zone of the sender: ../../etc/passwd)"},
        {"DTSTART;VALUE=DATE:20270328\r\nDTEND;VALUE=DATE:20270329\r\n", "Sun 28 Mar 2027 (all day)"},
        {"DTSTART;VALUE=DATE:20270328\r\nDTEND;VALUE=DATE:20270331\r\n",
         "Sun 28 Mar 2027 – Tue 30 Mar 2027 (all day)"},
        {"DTSTART:20270705T220000Z\r\nDTEND:20270706T013000Z\r\n", "Mon 5 Jul 2027, 22:00 – Tue 6 Jul 2027, 01:30"},
        {"DTSTART:20271301T990000Z\r\n", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ics = g_strdup_printf("BEGIN:VCALENDAR\r\n%sBEGIN:VEVENT\r\nSUMMARY:x\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
                                               ZONE, cases[i].lines);
        g_autofree char *wanted = cases[i].when ? g_strdup_printf("Event: x\nWhen: %s", cases[i].when) : g_strdup("Event: x");
        check("text/calendar", ics, wanted);
    }
}

static void test_rules(void)
{
    static const struct {
        const char *rule, *said;
    } cases[] = {
        {"FREQ=DAILY", "every day"},
        {"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Mon, Wed"},
        {"FREQ=MONTHLY;BYDAY=-1FR;COUNT=10", "every month on last Fri, 10 times"},
        {"FREQ=MONTHLY;BYMONTHDAY=15", "every month on day 15"},
        {"FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;UNTIL=20291231", "every year on second Sun in Mar until Mon 31 Dec 2029"},
        {"nonsense", "again and again"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ics = g_strdup_printf("BEGIN:VEVENT\nSUMMARY:x\nRRULE:%s\nEND:VEVENT\n", cases[i].rule);
        g_autofree char *wanted = g_strdup_printf("Event: x\nRepeats: %s", cases[i].said);
        check("text/calendar", ics, wanted);
    }
}

static void test_invitation(void)
{
    check("text/calendar",
          REQUEST(ASKED "SUMMARY:Cake\\, and\\n tea\r\nDTSTART:20270705T120000Z\r\nLOCATION:Room\r\n  5\r\n"
                        "BEGIN:VALARM\r\nDESCRIPTION:no\r\nEND:VALARM\r\n"),
          "Invitation: Cake, and  tea\nWhen: Mon 5 Jul 2027, 12:00\nWhere: Room 5\n"
          "Organizer: Ada L <ada@example.org>\nWho: Bea@example.com");
    check("text/calendar", "BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n", "Cancelled: x");
    check("text/calendar",
          "METHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:x\nATTENDEE;PARTSTAT=DECLINED;CN=Bea:mailto:bea@example.com\nEND:VEVENT\n",
          "Bea <bea@example.com> declines: x\nWho: Bea <bea@example.com> (declined)");
    check("text/calendar", "nothing at all", NULL);
    g_autoptr(GString) deep = g_string_new(NULL);
    for (guint i = 0; i < 10000; i++)
        g_string_append(deep, "BEGIN:VEVENT\n");
    g_autofree char *got = card("text/calendar", deep->str);
    g_assert_cmpstr(got, ==, "Event: (no title)");
}

static void test_answer(void)
{
    static const char *const own[] = {"me@example.com", "bea@example.com", NULL};
    g_autoptr(Calendar) c = calendar_parse(REQUEST(ASKED "SUMMARY:Tea; cake\r\nSEQUENCE:3\r\nDTSTART;TZID=Ours:20270705T140000\r\n"));
    g_assert_true(calendar_is_invitation(c));
    g_assert_cmpstr(calendar_invited(c, own), ==, "bea@example.com");
    g_autofree char *reply = calendar_reply(c, "bea@example.com", "Bea \"B\"\r\nX:", INVITE_TENTATIVE, 1800000000);
    g_assert_cmpstr(reply, ==,
                    "BEGIN:VCALENDAR\r\nPRODID:-//Pintail//Pintail//EN\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
                    "UID:u@x\r\nDTSTAMP:20270115T080000Z\r\nSEQUENCE:3\r\nORGANIZER;CN=\"Ada L\":mailto:ada@example.org\r\n"
                    "ATTENDEE;PARTSTAT=TENTATIVE;CN=\"Bea 'B'''X:\":mailto:bea@example.com\r\nDTSTART:20270705T120000Z\r\n"
                    "SUMMARY:Tea\\; cake\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    g_autoptr(Address) from = address_new("Bea", "bea@example.com");
    g_autoptr(Draft) d = calendar_reply_draft(c, from, "id@example.org", INVITE_ACCEPT, 1800000000);
    g_assert_cmpstr(d->subject, ==, "Accepted: Tea; cake");
    g_autoptr(GBytes) message = compose_message(d, 0, NULL);
    gsize len;
    const char *bytes = g_bytes_get_data(message, &len);
    g_autoptr(Part) root = part_parse(bytes, len);
    const Part *p = g_ptr_array_index(root->children, 1);
    g_autofree char *type = header_get(p->header, "Content-Type");
    g_assert_nonnull(strstr(type, "method=REPLY")); /* RFC 6047 section 2.4 */
    g_assert_cmpstr(p->disposition, ==, "");
    g_autoptr(Calendar) none = calendar_parse("METHOD:REQUEST\nBEGIN:VEVENT\nUID:x\nEND:VEVENT\n");
    g_assert_false(calendar_is_invitation(none)); /* nobody to answer to */
}

static void test_contacts(void)
{
    check("text/vcard",
          "BEGIN:VCARD\nVERSION:4.0\nFN:Ada\\, Countess\nitem1.EMAIL;TYPE=work:ada@example.org\n"
          "TEL;VALUE=uri;TYPE=\"cell,home\":tel:+1-555\nADR;TYPE=home:;;1 Main St;Town;;1234;Land\nBDAY:18151210\nEND:VCARD\n",
          "Contact: Ada, Countess\nEmail: ada@example.org (work)\nTelephone: +1-555 (mobile, home)\n"
          "Address: 1 Main St, Town, 1234, Land (home)\nBirthday: 1815-12-10");
    check("text/x-vcard",
          "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\r\n"
          "NOTE;ENCODING=QUOTED-PRINTABLE:one =\r\ntwo\r\nTEL;WORK:1\r\nEND:VCARD\r\n",
          "Contact: Jörg Müller\nNote: one two\nTelephone: 1 (work)");
    check("text/vcard", "BEGIN:VCARD\nEND:VCARD\n", "Contact: (no name)");
    check("text/vcard", "BEGIN:VCARD\nFN:cut", NULL);
}

static void test_reports(void)
{
    check("message/delivery-status",
          "Reporting-MTA: dns; a.example\r\n\r\nFinal-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.2.2\r\n"
          "Diagnostic-Code: smtp; 552 full\r\n",
          "Not delivered\nbob@example.com did not get your message.\nReason: the mailbox is full\n"
          "The server said: 552 full\nThis is final: nothing more is tried.");
    check("message/delivery-status", "\n\nOriginal-Recipient: rfc822;<eve@example.com>\nStatus: 4.9.9\n",
          "Not delivered yet\neve@example.com has not got your message yet.\nStatus: 4.9.9\n"
          "This is not final: it is tried again.");
    check("message/delivery-status", "Final-Recipient: rfc822; a@b.example\nAction: delivered\nStatus: 2.0.0",
          "Delivered\nYour message was delivered to a@b.example.");
    check("message/delivery-status", "Reporting-MTA: dns; a\n", NULL);
    check("message/disposition-notification",
          "Final-Recipient: rfc822; bob@example.com\nDisposition: automatic-action/MDN-sent-automatically; deleted\n",
          "Not read\nYour message to bob@example.com was deleted; it may not have been seen.\nA program sent this by itself.");
    check("message/disposition-notification",
          "Final-Recipient: rfc822; bob@example.com\nDisposition: manual-action/MDN-sent-manually; displayed/error\n",
          "Read receipt\nYour message was displayed to bob@example.com. Whether it was read or understood is not known.");
    check("message/disposition-notification", "", NULL);
}

/* ---- winmail.dat ---- */

static void u32(GByteArray *a, guint32 v)
{
    guint8 b[4] = {(guint8)v, (guint8)(v >> 8), (guint8)(v >> 16), (guint8)(v >> 24)};
    g_byte_array_append(a, b, 4);
}

static void attribute(GByteArray *a, guint8 level, guint32 id, const void *data, gsize len)
{
    guint8 sum[2] = {0, 0};
    g_byte_array_append(a, &level, 1);
    u32(a, id);
    u32(a, (guint32)len);
    g_byte_array_append(a, data, (guint)len);
    g_byte_array_append(a, sum, 2);
}

static void property(GByteArray *a, guint32 tag, const void *data, gsize len)
{
    static const guint8 zero[4];
    u32(a, tag); /* type in the low half */
    if ((tag & 0xffff) != 3)
        u32(a, 1);
    if ((tag & 0xffff) != 3)
        u32(a, (guint32)len);
    g_byte_array_append(a, data, (guint)len);
    g_byte_array_append(a, zero, (guint)(-len & 3));
}

static GByteArray *stream(void)
{
    GByteArray *a = g_byte_array_new();
    u32(a, 0x223e9f78);
    g_byte_array_append(a, (const guint8 *)"\1\0", 2);
    return a;
}

static void add_file(GByteArray *a, const char *title, const char *long_name, const void *data, gsize len, gboolean embedded)
{
    g_autoptr(GByteArray) p = g_byte_array_new();
    static const guint8 five[4] = {5};
    g_autoptr(GByteArray) object = g_byte_array_new();
    g_byte_array_set_size(object, 16);
    g_byte_array_append(object, data, (guint)len);
    u32(p, embedded ? 3 : 1);
    property(p, 0x3707001e, long_name, strlen(long_name) + 1);
    if (embedded) {
        property(p, 0x37050003, five, 4);
        property(p, 0x3701000d, object->data, object->len);
    }
    attribute(a, 2, 0x00069002, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    attribute(a, 2, 0x00018010, title, strlen(title) + 1);
    if (!embedded)
        attribute(a, 2, 0x0006800f, data, len);
    attribute(a, 2, 0x00069005, p->data, p->len);
}

static char *mail_of(const GByteArray *winmail)
{
    g_autofree char *base64 = g_base64_encode(winmail->data, winmail->len);
    return g_strdup_printf("Subject: x\nContent-Type: application/ms-tnef; name=winmail.dat\n"
                           "Content-Transfer-Encoding: base64\n\n%s\n", base64);
}

static char *text_of(gpointer data, const Part *p)
{
    return part_text_of(p, p->body, NULL);
}

static void test_winmail(void)
{
    g_autoptr(GByteArray) inner = stream(), outer = stream(), mapi = g_byte_array_new();
    /* uncompressed RTF, by MS-OXRTFCP 2.1.3.1.1 */
    static const char rtf[] = "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl x}Caf\\'e9\\par \\u8364?5}";
    g_autoptr(GByteArray) packed = g_byte_array_new();
    u32(packed, sizeof rtf - 1 + 12);
    u32(packed, sizeof rtf - 1);
    u32(packed, 0x414c454d);
    u32(packed, 0);
    g_byte_array_append(packed, (const guint8 *)rtf, sizeof rtf - 1);
    u32(mapi, 1);
    property(mapi, 0x10090102, packed->data, packed->len);
    attribute(outer, 1, 0x00069003, mapi->data, mapi->len);
    add_file(inner, "DEEP~1.TXT", "deep file.txt", "deep", 4, FALSE);
    add_file(outer, "REPORT~1.PDF", "report 2026.pdf", "%PDF-1", 6, FALSE);
    add_file(outer, "message", "Enclosed", inner->data, inner->len, TRUE);
    g_autofree char *mail = mail_of(outer);
    g_autoptr(Part) root = part_parse(mail, strlen(mail));
    g_autoptr(GPtrArray) a = part_attachments(root);
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < a->len; i++)
        g_string_append_printf(names, "%s %s|", ((const Part *)a->pdata[i])->section, ((const Part *)a->pdata[i])->name);
    g_assert_cmpstr(names->str, ==, "1 winmail.dat|1.2 report 2026.pdf|1.3 Enclosed|1.3.1 deep file.txt|");
    const Part *pdf = part_by_section(root, "1.2");
    g_assert_cmpstr(pdf->type, ==, "application/pdf");
    g_autoptr(GBytes) bytes = part_decode(pdf->encoding, pdf->body);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), "%PDF-1", 6);
    ReadingResult r = reading_render(root, FALSE, text_of, NULL);
    g_autofree char *shown = rendered_to_text(r.rendered);
    rendered_free(r.rendered);
    g_assert_cmpstr(shown, ==, "Café\n€5\n");
    for (guint cut = 0; cut < outer->len; cut++) { /* cut anywhere: no more than is there */
        g_autoptr(GByteArray) half = g_byte_array_new();
        g_byte_array_append(half, outer->data, cut);
        g_autofree char *cut_mail = mail_of(half);
        g_autoptr(Part) p = part_parse(cut_mail, strlen(cut_mail));
        g_assert_cmpstr(p->type, ==, "application/ms-tnef");
    }
}

static void test_reading(void)
{
    static const char mail[] =
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=a\n\n"
        "--a\n\nplain\n--a\nContent-Type: text/html\n\n<p>html\n--a--\n--b\nContent-Type: image/png\n\nx\n"
        "--b\n\nfooter\n--b\nContent-Type: message/rfc822\n\nFrom: a@b.example\nSubject: in\n\ninner\n--b--\n";
    g_autoptr(Part) root = part_parse(mail, strlen(mail));
    static const char *const wanted[] = {
        "plain\n\nfooter\n\nEnclosed message\nFrom: a@b.example\nSubject: in\n\ninner\n",
        "html\n\nfooter\n\nEnclosed message\nFrom: a@b.example\nSubject: in\n\ninner\n",
    };
    for (int html = 0; html < 2; html++) {
        ReadingResult r = reading_render(root, html, text_of, NULL);
        g_autofree char *shown = rendered_to_text(r.rendered);
        g_assert_cmpstr(shown, ==, wanted[html]);
        g_assert_cmpint(r.html, ==, html);
        rendered_free(r.rendered);
    }
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "UTC", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/card/times", test_times);
    g_test_add_func("/mime/card/rules", test_rules);
    g_test_add_func("/mime/card/invitation", test_invitation);
    g_test_add_func("/mime/card/answer", test_answer);
    g_test_add_func("/mime/card/contacts", test_contacts);
    g_test_add_func("/mime/card/reports", test_reports);
    g_test_add_func("/mime/card/winmail", test_winmail);
    g_test_add_func("/mime/card/reading", test_reading);
    return g_test_run();
}
