/* The Page type: files, calibration, and what all processes are told; see pages.h. */
#include "pages.h"

#include "enter_native.h"
#include "injector.h"
#include "patterns.h"
#include "planting.h"

typedef struct {
    PyObject_HEAD sb_page *page; /* Owned; NULL: not mapped yet. */
    sb_atomic_int kept;          /* it stays mapped for good */
} page_object;

const sb_page *sb_page_of(PyObject *page)
{
    return ((page_object *)page)->page;
}

const sb_page *sb_page_keep(PyObject *page)
{
    sb_exchange(&((page_object *)page)->kept, 1);
    return sb_page_of(page);
}

/* ---- calibration ---- */

/* The kinds whose calls come through thunks. */
static const struct {
    sb_kind kind;
    sb_way way;
    int (*enter)(sb_slot *slot);
} THUNKS[] = {{SB_C, SB_BY_C, sb_enter_c}, {SB_NATIVE, SB_BY_NATIVE, sb_enter_native}};

#define N_THUNKS (sizeof THUNKS / sizeof THUNKS[0])

/* `kinds`: bit by sb_kind. Returns 0, or -1 with MemoryError set. */
static int calibrate(sb_calibration *calibration, sb_state *state, sb_mode mode, unsigned kinds)
{
    const sb_delay *delay = sb_state_delay(state, mode);
    *calibration = (sb_calibration){.clock = *delay->clock, .fixed = {delay->fixed, -1, -1}};
    if (mode == SB_NOGIL) {
        kinds &= ~(1u << SB_NATIVE); /* no session slows any in this mode */
    }
    for (size_t i = 0; i < N_THUNKS; i++) {
        if (kinds & 1u << THUNKS[i].kind) {
            const sb_delay *lasting = sb_lasting_delay(delay, mode, THUNKS[i].enter);
            if (lasting == NULL) {
                PyErr_NoMemory();
                return -1;
            }
            calibration->fixed[THUNKS[i].way] = lasting->fixed;
        }
    }
    return 0;
}

static PyObject *page_adopt(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    const sb_page *page = sb_page_of(op);
    sb_state *state = sb_state_of(op);
    const sb_mode mode = (sb_mode)page->mode;
    sb_state_adopt(state, &page->calibration.clock, mode, page->calibration.fixed[SB_BY_CALLBACK]);
    for (size_t i = 0; i < N_THUNKS; i++) {
        const sb_amount fixed = page->calibration.fixed[THUNKS[i].way];
        if (fixed >= 0) {
            sb_lasting_delay_adopt(sb_state_delay(state, mode), mode, THUNKS[i].enter, fixed);
        }
    }
    Py_RETURN_NONE;
}

/* ---- switching ---- */

/* Returns 0, or -1 with RuntimeError set. */
static int check_ours(PyObject *op)
{
    const sb_page *page = sb_page_of(op);
    if (sb_page_is_ours(page)) {
        return 0;
    }
    PyErr_Format(PyExc_RuntimeError, "this process obeys the control page; it is switched by process %d, which made it",
                 (int)page->pid);
    return -1;
}

int sb_page_play(PyObject *op, const sb_beat *beat)
{
    sb_page *page = ((page_object *)op)->page;
    if (check_ours(op) < 0) {
        return -1;
    }
    const sb_clock *clock = &page->calibration.clock;
    const sb_amount amount = sb_beat_amount(beat, clock);
    sb_state *state = sb_state_of(op);
    sb_window window;
    const sb_window *open = sb_beat_window(beat, clock, &window);
    SB_LOCK(&state->lock);
    if (sb_beat_is_even(beat)) {
        sb_page_set(page, amount);
    }
    else {
        sb_page_set_rhythm(page, amount, beat->every, open);
    }
    SB_UNLOCK(&state->lock);
    return 0;
}

int sb_page_pause(PyObject *op)
{
    if (check_ours(op) < 0) {
        return -1;
    }
    sb_page_set(((page_object *)op)->page, SB_PAUSED);
    return 0;
}

static PyObject *page_set_delay(PyObject *op, PyObject *args, PyObject *kwargs)
{
    sb_beat beat;
    if (sb_beat_read(&beat, args, kwargs, (sb_mode)sb_page_of(op)->mode) < 0 || sb_page_play(op, &beat) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *page_pause(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return sb_page_pause(op) < 0 ? NULL : Py_NewRef(Py_None);
}

/* Returns 0, or -1 with an exception set. */
static int mask_of(PyObject *object, const char *name, unsigned *mask)
{
    int overflow = 0;
    const long number = object != NULL ? PyLong_AsLongAndOverflow(object, &overflow) : 0;
    if (number == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (number < 0 || number > (long)SB_ALL_LISTS || overflow != 0) {
        PyErr_Format(PyExc_ValueError, "%s must be a mask of the lists 0 to %d, between 0 and %u, not %R", name,
                     SB_N_LISTS - 1, SB_ALL_LISTS, object);
        return -1;
    }
    *mask = (unsigned)number;
    return 0;
}

static PyObject *page_select(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"counted", "delayed", "timed", NULL};
    PyObject *objects[3] = {NULL};
    unsigned masks[3];
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:select", keywords, &objects[0], &objects[1], &objects[2])) {
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        if (mask_of(objects[i], keywords[i], &masks[i]) < 0) {
            return NULL;
        }
    }
    if (check_ours(op) < 0) {
        return NULL;
    }
    sb_page_select(((page_object *)op)->page, masks[0], masks[1], masks[2]);
    Py_RETURN_NONE;
}

static PyObject *page_get_mode(PyObject *op, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(sb_mode_name((sb_mode)sb_page_of(op)->mode));
}

/* ---- its life ---- */

/* Returns 0, or -1 with an exception set. */
static int read_kinds(PyObject *iterable, unsigned *kinds)
{
    *kinds = 0;
    if (PyUnicode_Check(iterable)) {
        PyErr_SetString(PyExc_TypeError, "kinds must be a sequence of strings, not one string");
        return -1;
    }
    PyObject *names = PySequence_Tuple(iterable);
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
        sb_kind kind;
        if (name == NULL || sb_kind_of(name, &kind) < 0) {
            Py_CLEAR(names);
            break;
        }
        *kinds |= 1u << kind;
    }
    Py_XDECREF(names);
    return PyErr_Occurred() ? -1 : 0;
}

/* Returns 0, or -1 with an exception set. */
static int check_mapped(page_object *self, int result, PyObject *path)
{
    if (result == SB_PAGE_ERRNO) {
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    else if (result == SB_PAGE_FOREIGN || !sb_mode_is_shared(self->page->mode)) {
        PyErr_Format(PyExc_ValueError,
                     "%R is no control page that this build of pytest-speedbump knows; have all processes of an "
                     "experiment use one installation",
                     path);
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* As above. */
static int make(page_object *self, PyObject *path, const char *file, const char *mode_name, PyObject *kind_names)
{
    const int mode = sb_mode_of(mode_name);
    unsigned kinds = 0;
    sb_calibration calibration;
    if (!sb_mode_is_shared(mode)) {
        PyErr_Format(PyExc_ValueError, "the mode of a control page must be 'spin', 'nogil' or 'sleep', not '%s'",
                     mode_name);
        return -1;
    }
    if ((kind_names != NULL && read_kinds(kind_names, &kinds) < 0) ||
        calibrate(&calibration, sb_state_of((PyObject *)self), (sb_mode)mode, kinds) < 0) {
        return -1;
    }
    return check_mapped(self, sb_page_make(&self->page, file, mode, &calibration), path);
}

static PyObject *page_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"path", "mode", "kinds", NULL};
    PyObject *path, *kinds = NULL, *file = NULL;
    const char *mode = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|zO:Page", keywords, &path, &mode, &kinds) ||
        !PyUnicode_FSConverter(path, &file)) {
        return NULL;
    }
    page_object *self = (page_object *)type->tp_alloc(type, 0);
    if (self != NULL) {
        const char *name = PyBytes_AS_STRING(file);
        const int made = mode != NULL ? make(self, path, name, mode, kinds)
                                      : check_mapped(self, sb_page_open(&self->page, name), path);
        if (made < 0) {
            Py_CLEAR(self);
        }
    }
    Py_DECREF(file);
    return (PyObject *)self;
}

static void page_dealloc(PyObject *op)
{
    page_object *self = (page_object *)op;
    PyTypeObject *type = Py_TYPE(op);
    if (self->page != NULL && !sb_look(&self->kept)) {
        sb_page_unmap(self->page);
    }
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef page_methods[] = {
    {"adopt", page_adopt, METH_NOARGS,
     "adopt($self, /)\n--\n\n"
     "Take the page's clock and calibration for this interpreter's, as far as it has none yet."},
    {"select", (PyCFunction)(void (*)(void))page_select, METH_VARARGS | METH_KEYWORDS,
     "select($self, /, counted, delayed, timed=0)\n--\n\n"
     "Masks of lists, list i as bit i: what is counted from now on, and what of that is delayed and has its times\n"
     "noted. ValueError beyond 16 lists; RuntimeError where another process made the page."},
    /* 1e999 is how a signature says infinity: it knows no names. */
    {"set_delay", (PyCFunction)(void (*)(void))page_set_delay, METH_VARARGS | METH_KEYWORDS,
     "set_delay($self, delay_ns, /, every=1, after_ns=0.0, for_ns=1e999)\n--\n\n"
     "As Session.set_delay(), of all processes that obey the page. They share one window of time.\n"
     "RuntimeError where another process made the page."},
    {"pause", page_pause, METH_NOARGS,
     "pause($self, /)\n--\n\n"
     "Neither count nor delay anywhere, from now on. RuntimeError where another process made the page."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef page_getset[] = {
    {"mode", page_get_mode, NULL, "'spin', 'nogil' or 'sleep', for good.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot page_slots[] = {
    {Py_tp_doc,
     (void
          *)"Page(path, mode=None, kinds=())\n--\n\n"
            "The control page in the file `path`, which the sessions of many processes obey. With a `mode` it is "
            "made:\n"
            "paused, with no list selected, and calibrated for sessions with targets of these kinds. Whoever makes it\n"
            "alone switches it.\n\n"
            "OSError where the file is there already, is not there, or has no room. ValueError where it is no page, "
            "or\n"
            "one of another build; on modes other than 'spin', 'nogil' and 'sleep'; and on unknown kinds."},
    {Py_tp_new, page_new},
    {Py_tp_dealloc, page_dealloc},
    {Py_tp_methods, page_methods},
    {Py_tp_getset, page_getset},
    {0, NULL},
};

PyType_Spec sb_page_spec = {
    .name = "pytest_speedbump._core.Page",
    .basicsize = sizeof(page_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = page_slots,
};
