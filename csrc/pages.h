/* Page: a control page as a Python object; see page.h. */
#ifndef SB_PAGES_H
#define SB_PAGES_H

#include "beat.h"
#include "page.h"

extern PyType_Spec sb_page_spec;

/* The page inside; borrowed. */
const sb_page *sb_page_of(PyObject *page);

/* The same, for good: what is obeyed is never unmapped. */
const sb_page *sb_page_keep(PyObject *page);

/* As Page.set_delay() and Page.pause(). Returns 0, or -1 with RuntimeError set where another process made the page. */
int sb_page_play(PyObject *page, const sb_beat *beat);
int sb_page_pause(PyObject *page);

#endif
