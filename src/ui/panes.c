/* panes.c - the three panes: folders, list, viewer. */
#include "panes.h"
#include "folder_view.h"
#include "list_view.h"
#include "viewer_view.h"
#include "pintail/util/i18n.h"

Panes *panes_new(Ui *ui)
{
    Panes *p = g_new0(Panes, 1);
    ui->panes = p;
    p->focus = FOCUS_LIST;
    p->folders = folder_view_new(ui);
    p->list = list_view_new(ui);
    p->viewer = viewer_view_new(ui);
    return p;
}

void panes_free(Panes *p)
{
    if (!p)
        return;
    p->folders->class->free(p->folders);
    p->list->class->free(p->list);
    p->viewer->class->free(p->viewer);
    g_free(p);
}

View *panes_view(const Panes *p, Focus focus)
{
    return focus == FOCUS_FOLDERS ? p->folders : focus == FOCUS_LIST ? p->list : p->viewer;
}

void panes_focus(Ui *ui, Focus focus)
{
    ui->panes->focus = focus;
    ui->dirty = TRUE;
}

static Surface *part_of(Surface *screen, const Rect *r)
{
    return surface_sub(screen, r->row, r->column, r->rows, r->columns);
}

static void draw_one(Ui *ui, Surface *screen, const Rect *r, Focus which)
{
    View *v = panes_view(ui->panes, which);
    if (r->rows <= 0 || r->columns <= 0)
        return;
    g_autoptr(Surface) s = part_of(screen, r);
    v->class->draw(v, s, ui->stack->len == 0 && ui->panes->focus == which);
}

void panes_draw(Ui *ui, Surface *screen, const Layout *l)
{
    ui->panes->layout = *l;
    for (int i = 0; i < 2; i++)
        if (l->lines[i] >= 0)
            surface_vline(screen, l->body.row, l->lines[i], l->lines_rows[i], style_of("border"));
    draw_one(ui, screen, &l->folders, FOCUS_FOLDERS);
    draw_one(ui, screen, &l->list, FOCUS_LIST);
    draw_one(ui, screen, &l->viewer, FOCUS_VIEWER);
    if (l->viewer_title.rows > 0) { /* after the rows that it counts */
        g_autoptr(Surface) s = part_of(screen, &l->viewer_title);
        viewer_view_draw_title(ui->panes->viewer, s, l->viewer.rows);
    }
}

void panes_event(Ui *ui, const Event *e)
{
    for (Focus f = FOCUS_FOLDERS; f <= FOCUS_VIEWER; f++) {
        View *v = panes_view(ui->panes, f);
        if (v->class->event)
            v->class->event(v, e);
    }
}

static gboolean inside(const Rect *r, const Key *k)
{
    return k->row >= r->row && k->row < r->row + r->rows && k->column >= r->column &&
           k->column < r->column + r->columns;
}

gboolean panes_mouse(Ui *ui, const Key *k)
{
    const Rect *rects[] = {&ui->panes->layout.folders, &ui->panes->layout.list,
                           &ui->panes->layout.viewer};
    gboolean dragging = k->mouse == MOUSE_DRAG || k->mouse == MOUSE_RELEASE;
    for (Focus f = FOCUS_FOLDERS; f <= FOCUS_VIEWER; f++) {
        /* a drag belongs to the pane that it began in */
        if (dragging ? f != ui->panes->focus || rects[f]->rows <= 0 : !inside(rects[f], k))
            continue;
        if (k->mouse == MOUSE_CLICK || k->mouse == MOUSE_DOUBLE)
            panes_focus(ui, f);
        Key local = *k;
        local.row = CLAMP(k->row - rects[f]->row, 0, rects[f]->rows - 1);
        local.column -= rects[f]->column;
        View *v = panes_view(ui->panes, f);
        if (v->class->key)
            (void)v->class->key(v, &local);
        return TRUE;
    }
    return FALSE;
}

Selection panes_selection(Ui *ui)
{
    return list_view_selection(ui->panes->list);
}

GArray *panes_targets(Ui *ui)
{
    gboolean tagged = ui->apply_tagged;
    ui->apply_tagged = FALSE;
    if (tagged) {
        GArray *ids = list_view_tagged(ui->panes->list);
        if (ids->len == 0)
            ui_say(ui, NOTICE_WARNING, _("No message is tagged"));
        return ids;
    }
    GArray *whole = ui->panes->focus == FOCUS_LIST ? list_view_targets(ui->panes->list) : NULL;
    if (whole)
        return whole;
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    Selection s = panes_selection(ui);
    if (s.placement)
        g_array_append_val(ids, s.placement);
    else
        ui_say(ui, NOTICE_WARNING, _("There is no message here"));
    return ids;
}

void panes_open_folder(Ui *ui, gint64 folder)
{
    ui->read_only_folder = 0;
    list_view_open(ui->panes->list, folder);
    folder_view_note_open(ui->panes->folders, folder);
}

gboolean panes_select(Ui *ui, gint64 placement)
{
    return list_view_select(ui->panes->list, placement);
}

char *panes_title(Ui *ui)
{
    Selection s = panes_selection(ui);
    const Folder *f = s.folder ? folder_view_folder(ui->panes->folders, s.folder) : NULL;
    if (!f)
        return g_strdup("Pintail");
    if (f->unread > 0)
        return g_strdup_printf("%s (%" G_GINT64_FORMAT ") - Pintail", folder_label(f), f->unread);
    return g_strdup_printf("%s - Pintail", folder_label(f));
}
