/* The Ledger type; see ledgers.h. What is read is checked in ledger_view.c. */
#include "ledgers.h"

#include "ledger_view.h"
#include "numbers.h"
#include "patterns.h"
#include "toll.h"

#include <math.h>

#define PATIENCE_NS 20000000 /* of one read_points(), for all points together */

typedef struct {
    PyObject_HEAD PyObject *path; /* Owned: as it was given, for the errors. */
    sb_view view;                 /* Owned. Looked through in critical sections of the object. */
} ledger_object;

/* Returns -1 with OSError or ValueError set. */
static int refuse(PyObject *path, sb_view_error error)
{
    if (error == SB_VIEW_ERRNO) {
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    else {
        PyErr_Format(PyExc_ValueError, "%R %s", path, sb_view_strerror(error));
    }
    return -1;
}

/* Returns 0, or -1 with an exception set. */
static int look(ledger_object *self)
{
    const sb_view_error error = sb_view_look(&self->view);
    return error == SB_VIEW_OK ? 0 : refuse(self->path, error);
}

/* ---- entries ---- */

/* Lone surrogates included; what is no UTF-8 either is damage, and only a name is lost by it. */
static PyObject *decode(const char *data, uint32_t length)
{
    PyObject *text = PyUnicode_DecodeUTF8(data, (Py_ssize_t)length, "surrogatepass");
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        text = PyUnicode_DecodeUTF8(data, (Py_ssize_t)length, "replace");
    }
    return text;
}

/* New reference, or NULL with an exception set. */
static PyObject *describe(const ledger_object *self, const sb_entry *entry)
{
    if (entry->kind < 0 || entry->kind >= SB_N_KINDS) {
        PyErr_Format(PyExc_ValueError, "%R is damaged: it names a target of kind %d, and there is none", self->path,
                     (int)entry->kind);
        return NULL;
    }
    const char *text = entry->text;
    PyObject *texts[3] = {NULL};
    bool decoded = true;
    for (int i = 0; i < 3 && decoded; i++) {
        texts[i] = decode(text, entry->lengths[i]);
        decoded = texts[i] != NULL;
        text += entry->lengths[i];
    }
    PyObject *site = decoded ? Py_BuildValue("(sOOOii)", sb_kind_name((sb_kind)entry->kind), texts[0], texts[1],
                                             texts[2], (int)entry->line, (int)entry->lists)
                             : NULL;
    for (int i = 0; i < 3; i++) {
        Py_XDECREF(texts[i]);
    }
    return site;
}

static PyObject *sites_locked(ledger_object *self, Py_ssize_t start)
{
    PyObject *list = look(self) < 0 ? NULL : PyList_New(0);
    const sb_entry *entry = list != NULL ? sb_view_next(&self->view, NULL) : NULL;
    for (Py_ssize_t i = 0; list != NULL && entry != NULL; i++) {
        PyObject *site = i >= start ? describe(self, entry) : NULL;
        if (i >= start && (site == NULL || PyList_Append(list, site) < 0)) {
            Py_CLEAR(list);
        }
        Py_XDECREF(site);
        entry = sb_view_next(&self->view, entry);
    }
    return list;
}

static PyObject *ledger_sites(PyObject *op, PyObject *args)
{
    Py_ssize_t start = 0;
    if (!PyArg_ParseTuple(args, "|n:sites", &start)) {
        return NULL;
    }
    if (start < 0) {
        PyErr_Format(PyExc_ValueError, "start must be 0 or more, not %zd", start);
        return NULL;
    }
    PyObject *list;
    Py_BEGIN_CRITICAL_SECTION(op);
    list = sites_locked((ledger_object *)op, start);
    Py_END_CRITICAL_SECTION();
    return list;
}

/* ---- numbers ---- */

/* Returns how many targets there are, or -1 with an exception set. */
static Py_ssize_t read_counts_locked(ledger_object *self, sb_toll_row *rows, size_t n)
{
    size_t n_targets;
    const sb_view_error error = sb_view_sum(&self->view, &rows->sums, n, &n_targets);
    if (error != SB_VIEW_OK) {
        return refuse(self->path, error);
    }
    const double ns = self->view.ledger->ns_per_tick / (1 << SB_TICK_SHIFT);
    for (size_t i = 0; i < n; i++) {
        const sb_counts s = rows[i].sums;
        rows[i] = (sb_toll_row){.numbers = {(double)s.calls, (double)s.requested * ns, (double)s.delivered * ns,
                                            (double)s.late * ns, (double)s.waited * ns}};
    }
    return (Py_ssize_t)n_targets;
}

static PyObject *ledger_read_counts(PyObject *op, PyObject *argument)
{
    sb_numbers into;
    if (sb_numbers_get(&into, argument, "into", 5, true) < 0) {
        return NULL;
    }
    Py_ssize_t n;
    Py_BEGIN_CRITICAL_SECTION(op);
    n = read_counts_locked((ledger_object *)op, (sb_toll_row *)into.items, into.n_rows);
    Py_END_CRITICAL_SECTION();
    sb_numbers_release(&into);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}

typedef struct {
    double calls, last_ns, age_ns;
} point_row;

/* As above. */
static Py_ssize_t read_points_locked(ledger_object *self, point_row *rows, size_t n, double at_ns)
{
    if (look(self) < 0) {
        return -1;
    }
    const sb_ledger *ledger = self->view.ledger;
    const double ns = ledger->ns_per_tick, at = at_ns / ns;
    const int64_t at_ticks = fabs(at) < 0x1p62 ? llround(at) : 0; /* else there is no such time */
    int64_t patience_ns = PATIENCE_NS;
    size_t i = 0;
    for (const sb_entry *entry = sb_view_next(&self->view, NULL); entry != NULL;
         entry = sb_view_next(&self->view, entry), i++) {
        if (i < n) {
            rows[i] = (point_row){0};
        }
        if (i < n && entry->point > 0 && entry->point <= SB_N_POINTS) {
            const sb_told told = sb_view_tell(&ledger->points[entry->point - 1], at_ticks, &patience_ns);
            rows[i] = (point_row){(double)told.calls, (double)told.last * ns, told.age * ns};
        }
    }
    for (size_t rest = i; rest < n; rest++) {
        rows[rest] = (point_row){0};
    }
    return (Py_ssize_t)i;
}

static PyObject *ledger_read_points(PyObject *op, PyObject *args)
{
    PyObject *buffer;
    double at_ns;
    sb_numbers into;
    if (!PyArg_ParseTuple(args, "Od:read_points", &buffer, &at_ns)) {
        return NULL;
    }
    if (!isfinite(at_ns)) {
        PyErr_SetString(PyExc_ValueError, "at_ns must be a time of now_ns(), and finite");
        return NULL;
    }
    if (sb_numbers_get(&into, buffer, "into", sizeof(point_row) / sizeof(double), true) < 0) {
        return NULL;
    }
    Py_ssize_t n;
    Py_BEGIN_CRITICAL_SECTION(op);
    n = read_points_locked((ledger_object *)op, (point_row *)into.items, into.n_rows, at_ns);
    Py_END_CRITICAL_SECTION();
    sb_numbers_release(&into);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}

static PyObject *ledger_get_pid(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong((long long)((ledger_object *)op)->view.ledger->pid);
}

static PyObject *ledger_get_lost(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong((long long)sb_read(&((ledger_object *)op)->view.ledger->lost));
}

/* ---- the type ---- */

static PyObject *ledger_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"path", NULL};
    PyObject *path, *encoded;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Ledger", keywords, &path) ||
        !PyUnicode_FSConverter(path, &encoded)) {
        return NULL;
    }
    ledger_object *self = (ledger_object *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->path = Py_NewRef(path);
        const sb_view_error error = sb_view_open(&self->view, PyBytes_AS_STRING(encoded));
        if (error != SB_VIEW_OK) {
            refuse(path, error);
            Py_CLEAR(self);
        }
    }
    Py_DECREF(encoded);
    return (PyObject *)self;
}

static void ledger_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    sb_view_close(&((ledger_object *)op)->view);
    Py_CLEAR(((ledger_object *)op)->path);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyMethodDef ledger_methods[] = {
    {"sites", ledger_sites, METH_VARARGS,
     "sites($self, start=0, /)\n--\n\n"
     "(kind, module, qualname, file, line, lists) of each target, in order of first sight, from number `start` on.\n\n"
     "`kind` is 'start', 'line', 'resume', 'c' or 'native'; of the last, `module` is the library and `qualname` the\n"
     "symbol; the last two have no file, and line 0. `line` of a function is its first. Bit i of `lists` is list i.\n"
     "ValueError where the file has been damaged."},
    {"read_counts", ledger_read_counts, METH_O,
     "read_counts($self, into, /)\n--\n\n"
     "Write (calls, requested_ns, delivered_ns, late_ns, waited_ns) for each target, and return how many there are.\n\n"
     "`into` and what does not fit it are as in Session.read_counts()."},
    {"read_points", ledger_read_points, METH_VARARGS,
     "read_points($self, into, at_ns, /)\n--\n\n"
     "Write (calls, last_ns, age_ns) for each target, and return how many there are; zeros where it is not timed.\n\n"
     "`last_ns` is the time of the last call, as now_ns() tells it; `age_ns` the sum of (at_ns - time of the call)\n"
     "over all calls. `into` is as in read_counts(), of three numbers a target. The numbers of a target are of one\n"
     "moment, for which a thread that is in the middle of a stamp is waited, up to 20 ms for all; one that was "
     "stopped\n"
     "or killed there may be in one of them and not in another."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef ledger_getset[] = {
    {"pid", ledger_get_pid, NULL, "Of the process that writes it, or did.", NULL},
    {"lost", ledger_get_lost, NULL, "How often a target or a thread was not counted for want of memory.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot ledger_slots[] = {
    {Py_tp_doc, (void *)"Ledger(path)\n--\n\n"
                        "The ledger that another process counts into, or did until it died; each call reads what is in "
                        "it then.\n"
                        "OSError where it cannot be opened, ValueError where it is none, was cut short, or is another "
                        "build's."},
    {Py_tp_new, ledger_new},
    {Py_tp_dealloc, ledger_dealloc},
    {Py_tp_methods, ledger_methods},
    {Py_tp_getset, ledger_getset},
    {0, NULL},
};

PyType_Spec sb_ledger_spec = {
    .name = "pytest_speedbump._core.Ledger",
    .basicsize = sizeof(ledger_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ledger_slots,
};
