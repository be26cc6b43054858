/* links.h - `U`: the links of the message on the screen, `o`: one of them by its number; the real target is always
 * shown before it is opened. */
#pragma once
#include "view.h"
#include "pintail/mime/render.h"

void cmd_links(Ui *ui, char **args);
void cmd_open_link(Ui *ui, char **args);
/* Those of the HTML, by their numbers, then the addresses that stand in the text; each once. Of char *. */
GPtrArray *links_of(const Rendered *r);
