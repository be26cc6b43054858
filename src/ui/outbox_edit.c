/* outbox_edit.c - see outbox_edit.h. A copy that survives a crash is written before the outbox lets go. */
#include "outbox_edit.h"
#include <string.h>
#include "compose.h"
#include "problems_view.h"
#include "writer.h"
#include "pintail/store/outbox.h"
#include "pintail/util/file.h"
#include "pintail/util/i18n.h"

#define MESSAGE_MAX (256u << 20)

typedef struct {
    gint64 outbox_id, account;
    StoreHome *home;
    ComposeOrigin origin; /* with the rescue */
    GBytes *taken;
    OutboxEntry *entry;
} Taking;

static void taking_free(gpointer data)
{
    Taking *t = data;
    if (t->taken)
        g_bytes_unref(t->taken);
    if (t->entry)
        outbox_entry_free(t->entry);
    compose_origin_clear(&t->origin);
    g_free(t);
}

/* Writer thread. */
static gint64 run_take_back(Store *s, gpointer data, GError **err)
{
    Taking *t = data;
    g_autoptr(OutboxEntry) e = outbox_get(s, t->outbox_id, err);
    g_autoptr(GBytes) message = e ? file_read(e->path, MESSAGE_MAX, err) : NULL;
    if (!message || !rescue_write(t->home, &t->origin, message, err))
        return 0;
    t->taken = outbox_take_back(s, t->outbox_id, &t->entry, err);
    return t->taken != NULL;
}

static const Recipient *recipient_of(const OutboxEntry *e, const char *address)
{
    for (guint i = 0; i < e->recipients->len; i++) {
        const Recipient *r = e->recipients->pdata[i];
        if (g_ascii_strcasecmp(r->address, address) == 0)
            return r;
    }
    return NULL;
}

/* Takes those away who have the message, and adds the hidden ones who have not. TRUE: somebody has it. */
static gboolean keep_unreached(Draft *d, const OutboxEntry *e)
{
    GPtrArray *lists[] = {d->to, d->cc};
    g_autoptr(GHashTable) visible = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean some = FALSE;
    for (gsize l = 0; l < G_N_ELEMENTS(lists); l++)
        for (guint i = lists[l]->len; i-- > 0;) {
            const char *address = ((const Address *)lists[l]->pdata[i])->address;
            const Recipient *r = recipient_of(e, address);
            g_hash_table_add(visible, g_ascii_strdown(address, -1));
            if (r && r->state == RECIPIENT_ACCEPTED)
                g_ptr_array_remove_index(lists[l], i);
        }
    for (guint i = 0; i < e->recipients->len; i++) {
        const Recipient *r = e->recipients->pdata[i];
        g_autofree char *key = g_ascii_strdown(r->address, -1);
        some |= r->state == RECIPIENT_ACCEPTED;
        if (r->state != RECIPIENT_ACCEPTED && !g_hash_table_contains(visible, key))
            g_ptr_array_add(d->bcc, address_new("", r->address));
    }
    return some;
}

/* The message is a draft again, Bcc recipients included. */
static void taken_back(Ui *ui, gint64 result, const GError *err, gpointer data)
{
    Taking *t = data;
    if (err) {
        ui_say(ui, NOTICE_ERROR, "%s", err->message);
        return;
    }
    g_autoptr(GError) failure = NULL;
    Draft *d = draft_from_message(g_bytes_get_data(t->taken, NULL), g_bytes_get_size(t->taken), &failure);
    Account *account = ui_account(ui, t->account);
    if (!d || !account) {
        ui_say(ui, NOTICE_ERROR, "%s", failure ? failure->message : _("its account is not configured any more"));
        if (d)
            draft_free(d);
        return;
    }
    gboolean some_have_it = keep_unreached(d, t->entry);
    ComposeOrigin origin = {.account = account_ref(account),
                            .account_id = t->account,
                            .answers = t->entry->answers,
                            .forwards = t->entry->forwards,
                            .rescue = g_steal_pointer(&t->origin.rescue)};
    problems_refresh(ui);
    compose_review(ui, d, &origin);
    if (some_have_it)
        ui_say(ui, NOTICE_INFO, _("Only those who have not got it are still among the recipients"));
}

void outbox_edit(Ui *ui, gint64 outbox_id, gint64 account)
{
    Taking *t = g_new0(Taking, 1);
    t->outbox_id = outbox_id;
    t->account = account;
    t->home = ui->home;
    writer_run(ui->writer, run_take_back, taken_back, t, taking_free);
}
