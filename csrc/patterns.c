/* The Patterns type: text in, compiled set inside; see patterns.h. */
#include "patterns.h"

#include "targets.h"

#include <string.h>

typedef struct {
    PyObject_HEAD sb_patterns *set; /* Owned. */
    PyObject *texts;                /* Owned: a tuple of strs, which can hold nothing that holds this */
} patterns_object;

const sb_patterns *sb_patterns_of(PyObject *patterns)
{
    return ((patterns_object *)patterns)->set;
}

static void raise_bad_pattern(PyObject *sequence, sb_pattern_error error, size_t bad)
{
    if (error == SB_PATTERN_NO_MEMORY) {
        PyErr_NoMemory();
        return;
    }
    PyErr_Format(PyExc_ValueError, "target %R %s", PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)bad),
                 sb_pattern_strerror(error));
}

/* The numbers of the lists that `n` patterns are of; to be freed. NULL with an exception set, or where `iterable` is
 * None, which is not. */
static unsigned char *read_lists(PyObject *iterable, size_t n)
{
    PyObject *numbers = iterable != Py_None ? PySequence_Tuple(iterable) : NULL;
    if (numbers == NULL) {
        return NULL;
    }
    unsigned char *lists = PyMem_Calloc(n + 1, 1);
    if (lists == NULL) {
        PyErr_NoMemory();
    }
    else if ((size_t)PyTuple_GET_SIZE(numbers) != n) {
        PyErr_Format(PyExc_ValueError, "lists must hold one number a pattern: %zu, not %zd", n,
                     PyTuple_GET_SIZE(numbers));
    }
    for (size_t i = 0; i < n && !PyErr_Occurred(); i++) {
        PyObject *item = PyTuple_GET_ITEM(numbers, (Py_ssize_t)i);
        const Py_ssize_t number = PyNumber_AsSsize_t(item, NULL); /* what is too big becomes the biggest */
        if (number == -1 && PyErr_Occurred()) {
            break;
        }
        if (number < 0 || number >= SB_N_LISTS || (i > 0 && number < lists[i - 1])) {
            PyErr_Format(PyExc_ValueError, "lists must be numbers from 0 to %d that do not fall, and number %zu is %R",
                         SB_N_LISTS - 1, i, item);
            break;
        }
        lists[i] = (unsigned char)number;
    }
    Py_DECREF(numbers);
    if (PyErr_Occurred()) {
        PyMem_Free(lists);
        return NULL;
    }
    return lists;
}

/* Returns 0, or -1 with an exception set. `sequence` is a list or a tuple; `lists` an iterable, or None. */
static int compile(patterns_object *self, PyObject *sequence, PyObject *lists)
{
    int result = -1;
    size_t n = (size_t)PySequence_Fast_GET_SIZE(sequence), ready = 0;
    sb_text *texts = PyMem_Calloc(n + 1, sizeof *texts);
    const char **data = PyMem_Calloc(n + 1, sizeof *data);
    size_t *lengths = PyMem_Calloc(n + 1, sizeof *lengths);
    unsigned char *numbers = read_lists(lists, n);
    if (PyErr_Occurred()) {
        goto done;
    }
    if (texts == NULL || data == NULL || lengths == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    for (; ready < n; ready++) {
        PyObject *item = PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)ready);
        if (!PyUnicode_Check(item)) {
            PyErr_Format(PyExc_TypeError, "a target is a string, not %R", item);
            goto done;
        }
        if (sb_text_get(item, &texts[ready]) < 0) {
            goto done;
        }
        data[ready] = texts[ready].data;
        lengths[ready] = texts[ready].length;
    }
    size_t bad;
    sb_pattern_error error = sb_patterns_compile(&self->set, data, lengths, numbers, n, &bad);
    if (error != SB_PATTERN_OK) {
        raise_bad_pattern(sequence, error, bad);
        goto done;
    }
    result = 0;
done:
    while (texts != NULL && ready > 0) {
        sb_text_release(&texts[--ready]);
    }
    PyMem_Free(texts);
    PyMem_Free(data);
    PyMem_Free(lengths);
    PyMem_Free(numbers);
    return result;
}

/* New reference: the tuple of strs without what subclasses add. NULL with an exception set. */
static PyObject *copy_texts(PyObject *sequence)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(sequence);
    PyObject *texts = PyTuple_New(n);
    for (Py_ssize_t i = 0; texts != NULL && i < n; i++) {
        PyObject *text = PyUnicode_FromObject(PyTuple_GET_ITEM(sequence, i));
        if (text == NULL) {
            Py_CLEAR(texts);
        }
        else {
            PyTuple_SET_ITEM(texts, i, text);
        }
    }
    return texts;
}

static PyObject *patterns_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"patterns", "lists", NULL};
    PyObject *iterable, *lists = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:Patterns", keywords, &iterable, &lists)) {
        return NULL;
    }
    if (PyUnicode_Check(iterable)) {
        PyErr_SetString(PyExc_TypeError, "patterns must be a sequence of strings, not one string");
        return NULL;
    }
    PyObject *sequence = PySequence_Tuple(iterable);
    if (sequence == NULL) {
        return NULL;
    }
    patterns_object *self = (patterns_object *)type->tp_alloc(type, 0);
    if (self != NULL && (compile(self, sequence, lists) < 0 || (self->texts = copy_texts(sequence)) == NULL)) {
        Py_CLEAR(self);
    }
    Py_DECREF(sequence);
    return (PyObject *)self;
}

static void patterns_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    sb_patterns_free(((patterns_object *)op)->set);
    Py_CLEAR(((patterns_object *)op)->texts);
    type->tp_free(op);
    Py_DECREF(type);
}

/* By sb_kind. */
static const char *const KIND_NAMES[SB_N_KINDS] = {"start", "line", "resume", "c", "native"};

const char *sb_kind_name(sb_kind kind)
{
    return KIND_NAMES[kind];
}

int sb_kind_of(const char *name, sb_kind *kind)
{
    for (int i = 0; i < SB_N_KINDS; i++) {
        if (strcmp(name, KIND_NAMES[i]) == 0) {
            *kind = (sb_kind)i;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "there is no kind '%s' of targets", name);
    return -1;
}

/* What match() and lists() are given, asked for both. Returns what sb_patterns_match() does, or SB_MATCH_NO_MEMORY with
 * an exception set. */
static int ask(PyObject *op, PyObject *args, PyObject *kwargs, const char *format, uint16_t *lists)
{
    static char *keywords[] = {"module", "qualname", "file", "kind", "line", NULL};
    PyObject *strs[3];
    sb_text texts[3] = {{0}};
    const char *kind = KIND_NAMES[SB_START];
    sb_named named = {0};
    int match = SB_MATCH_NO_MEMORY;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, keywords, &strs[0], &strs[1], &strs[2], &kind,
                                     &named.line) ||
        sb_kind_of(kind, &named.kind) < 0) {
        return SB_MATCH_NO_MEMORY;
    }
    for (int i = 0; i < 3; i++) {
        if (sb_text_get(strs[i], &texts[i]) < 0) {
            goto done;
        }
    }
    sb_text_name(&named, texts);
    match = sb_patterns_match(sb_patterns_of(op), &named, lists);
    if (match == SB_MATCH_NO_MEMORY) {
        PyErr_NoMemory();
    }
done:
    for (int i = 0; i < 3; i++) {
        sb_text_release(&texts[i]);
    }
    return match;
}

static PyObject *patterns_match(PyObject *op, PyObject *args, PyObject *kwargs)
{
    const int match = ask(op, args, kwargs, "UUU|si:match", NULL);
    return match == SB_MATCH_NO_MEMORY ? NULL : PyLong_FromLong(match);
}

static PyObject *patterns_lists(PyObject *op, PyObject *args, PyObject *kwargs)
{
    uint16_t lists;
    const int match = ask(op, args, kwargs, "UUU|si:lists", &lists);
    return match == SB_MATCH_NO_MEMORY ? NULL : PyLong_FromLong(lists);
}

static PyObject *patterns_get_kinds(PyObject *op, void *Py_UNUSED(closure))
{
    PyObject *kinds = PyFrozenSet_New(NULL);
    for (int i = 0; i < SB_N_KINDS && kinds != NULL; i++) {
        if (sb_patterns_have(sb_patterns_of(op), (sb_kind)i)) {
            PyObject *name = PyUnicode_FromString(KIND_NAMES[i]);
            if (name == NULL || PySet_Add(kinds, name) < 0) {
                Py_CLEAR(kinds);
            }
            Py_XDECREF(name);
        }
    }
    return kinds;
}

static PyObject *patterns_get_texts(PyObject *op, void *Py_UNUSED(closure))
{
    return Py_NewRef(((patterns_object *)op)->texts);
}

static PyGetSetDef patterns_getset[] = {
    {"texts", patterns_get_texts, NULL, "As they were given.", NULL},
    {"kinds", patterns_get_kinds, NULL, "The kinds that patterns which choose are of: 'start', 'line', 'resume', ...",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef patterns_methods[] = {
    {"match", (PyCFunction)(void (*)(void))patterns_match, METH_VARARGS | METH_KEYWORDS,
     "match($self, /, module, qualname, file, kind='start', line=0)\n--\n\n"
     "Index of the pattern that chooses this, the last of its kind that matches; -1 if that one excludes or none "
     "matches.\n"
     "Of several lists, the first that chooses it says.\n\n"
     "`kind` is 'start', 'line', 'resume', 'c' or 'native'; of the last, `module` is the library's file name, "
     "`qualname`\n"
     "the symbol and `file` the library's path. `line` is of kind 'line'. ValueError on any other kind."},
    {"lists", (PyCFunction)(void (*)(void))patterns_lists, METH_VARARGS | METH_KEYWORDS,
     "lists($self, /, module, qualname, file, kind='start', line=0)\n--\n\n"
     "Mask of all lists that choose this, list i as bit i. The arguments are those of match()."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot patterns_slots[] = {
    {Py_tp_doc, (void *)"Patterns(patterns, lists=None)\n--\n\n"
                        "A compiled set of target patterns. ValueError names a bad one and its mend.\n\n"
                        "`lists`: the number of each pattern's list, from 0 to 15, not falling; ValueError otherwise.\n"
                        "Without it all are of list 0. Each list chooses by itself."},
    {Py_tp_new, patterns_new},
    {Py_tp_dealloc, patterns_dealloc},
    {Py_tp_methods, patterns_methods},
    {Py_tp_getset, patterns_getset},
    {0, NULL},
};

PyType_Spec sb_patterns_spec = {
    .name = "pytest_speedbump._core.Patterns",
    .basicsize = sizeof(patterns_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = patterns_slots,
};
