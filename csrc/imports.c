/* Reading the dynamic sections of loaded objects; see imports.h.
 *
 * What the loader may take away is read with its lock held, in dl_iterate_phdr(), where nothing may be called that
 * takes another one of its locks: dlopen() in another thread takes the two in the opposite order. So slots that are not
 * bound are resolved afterwards, when their objects are pinned.
 */
#define _GNU_SOURCE /* dl_iterate_phdr, dlvsym */
#include "imports.h"

#include "thunk.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#if defined(__aarch64__)
#define JUMP_SLOT R_AARCH64_JUMP_SLOT
#define GLOB_DAT R_AARCH64_GLOB_DAT
#else
#define JUMP_SLOT R_X86_64_JUMP_SLOT
#define GLOB_DAT R_X86_64_GLOB_DAT
#endif

#define NO_OBJECT SIZE_MAX
#define PROGRAM 0       /* the main program is what dl_iterate_phdr tells first */
#define FIRST_VERSION 2 /* that a library gives its symbols; 0 and 1 are none */

/* ---- what can be read of an object ---- */

/* A part of an object that may be executed. */
typedef struct {
    uintptr_t begin, end;
    size_t object;
} code_range;

/* Borrowed from the object; NULL where it has none. */
typedef struct {
    uintptr_t base;
    const ElfW(Sym) * symbols;
    const char *strings;
    const uint32_t *hashes; /* DT_GNU_HASH */
    const ElfW(Half) * versions;
    const ElfW(Verneed) * needed;
    size_t n_needed;
    const ElfW(Rela) * tables[2];
    size_t lengths[2];
    size_t n_relative; /* at the start of the second table: no symbols */
} dynamic;

/* What dl_iterate_phdr says, as long as its lock is held. */
typedef struct {
    uintptr_t base;
    const ElfW(Phdr) * headers;
    size_t n_headers;
    bool ours, hidden; /* hidden: the dynamic linker, or the vdso */
} loaded;

static const ElfW(Phdr) * find_header(const loaded *object, uint32_t type)
{
    for (size_t i = 0; i < object->n_headers; i++) {
        if (object->headers[i].p_type == type) {
            return &object->headers[i];
        }
    }
    return NULL;
}

/* The loader has made addresses of the section's offsets, but not where the section is read-only. */
static const void *address_in(const loaded *object, const ElfW(Dyn) * entry)
{
    const uintptr_t at = entry->d_un.d_ptr;
    return (const void *)(at < object->base ? object->base + at : at);
}

static dynamic read_dynamic(const loaded *object)
{
    dynamic d = {.base = object->base};
    const ElfW(Phdr) *header = find_header(object, PT_DYNAMIC);
    if (header == NULL) {
        return d;
    }
    for (const ElfW(Dyn) *entry = (const void *)(object->base + header->p_vaddr); entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_SYMTAB:
            d.symbols = address_in(object, entry);
            break;
        case DT_STRTAB:
            d.strings = address_in(object, entry);
            break;
        case DT_GNU_HASH:
            d.hashes = address_in(object, entry);
            break;
        case DT_VERSYM:
            d.versions = address_in(object, entry);
            break;
        case DT_VERNEED:
            d.needed = address_in(object, entry);
            break;
        case DT_VERNEEDNUM:
            d.n_needed = entry->d_un.d_val;
            break;
        case DT_JMPREL:
            d.tables[0] = address_in(object, entry);
            break;
        case DT_PLTRELSZ:
            d.lengths[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
            break;
        case DT_RELA:
            d.tables[1] = address_in(object, entry);
            break;
        case DT_RELACOUNT:
            d.n_relative = entry->d_un.d_val;
            break;
        case DT_RELASZ:
            d.lengths[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
            break;
        default:
            break;
        }
    }
    return d;
}

/* The object's own symbol of this name, in this version if that is not 0; or NULL. */
static const ElfW(Sym) * find_symbol(const dynamic *d, const char *name, unsigned version)
{
    if (d->hashes == NULL || d->symbols == NULL || d->strings == NULL) {
        return NULL;
    }
    const uint32_t n_buckets = d->hashes[0], first = d->hashes[1], n_blooms = d->hashes[2];
    const uint32_t *buckets = d->hashes + 4 + n_blooms * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chains = buckets + n_buckets;
    uint32_t hash = 5381;
    for (const char *at = name; *at != '\0'; at++) {
        hash = hash * 33 + (unsigned char)*at;
    }
    uint32_t i = n_buckets > 0 ? buckets[hash % n_buckets] : 0;
    if (i < first) {
        return NULL;
    }
    do {
        const ElfW(Sym) *symbol = &d->symbols[i];
        if ((chains[i - first] | 1) == (hash | 1) && strcmp(d->strings + symbol->st_name, name) == 0 &&
            (version == 0 || (d->versions != NULL && (d->versions[i] & 0x7fffu) == version))) {
            return symbol;
        }
    } while ((chains[i++ - first] & 1) == 0);
    return NULL;
}

/* Whether the object has a function under this name, or what is chosen when it is loaded. It is asked where the
 * importer does not know what it imports, which is the rule for what a Python extension imports from Python; that the
 * address is in a part that may be executed says little, because constants may lie there too. */
static bool is_function(const dynamic *d, const char *name)
{
    const ElfW(Sym) *symbol = find_symbol(d, name, 0);
    const int type = symbol != NULL ? ELF64_ST_TYPE(symbol->st_info) : STT_NOTYPE;
    return type == STT_FUNC || type == STT_GNU_IFUNC;
}

/* The version that the object needs of one of its undefined symbols, or NULL. */
static const char *find_version(const dynamic *d, size_t symbol)
{
    const unsigned wanted = d->versions != NULL ? d->versions[symbol] & 0x7fff : 0;
    const ElfW(Verneed) *file = d->needed;
    for (size_t i = 0; wanted > 1 && i < d->n_needed; i++) {
        const ElfW(Vernaux) *version = (const void *)((const char *)file + file->vn_aux);
        for (size_t k = 0; k < file->vn_cnt; k++) {
            if ((version->vna_other & 0x7fffu) == wanted) {
                return d->strings + version->vna_name;
            }
            version = (const void *)((const char *)version + version->vna_next);
        }
        file = (const void *)((const char *)file + file->vn_next);
    }
    return NULL;
}

/* ---- collecting, with the loader's lock held ---- */

/* A slot that is wanted, or may be. */
typedef struct {
    sb_import import;
    const char *version; /* of one that is not bound, or NULL */
    bool bound;
} candidate;

typedef struct {
    sb_imports *imports;
    sb_wants wants;
    void *context;
    loaded *objects;
    size_t objects_room;
    code_range *ranges; /* in ascending order */
    size_t n_ranges, ranges_room;
    candidate *candidates;
    size_t n_candidates, candidates_room;
    bool failed; /* for want of memory */
} reader;

/* Room for one more. */
static bool make_room(reader *self, void **items, size_t size, size_t n, size_t *room)
{
    if (n == *room) {
        const size_t wanted = *room > 0 ? *room * 2 : 64;
        void *bigger = realloc(*items, wanted * size);
        if (bigger == NULL) {
            self->failed = true;
            return false;
        }
        *items = bigger;
        *room = wanted;
    }
    return true;
}

static char *path_of(const struct dl_phdr_info *info)
{
    char path[4096];
    ssize_t length = -1;
    if (info->dlpi_name[0] == '\0') {
        length = readlink("/proc/self/exe", path, sizeof path - 1);
    }
    return length > 0 ? strndup(path, (size_t)length) : strdup(info->dlpi_name);
}

static bool holds(const loaded *object, const void *address)
{
    for (size_t i = 0; i < object->n_headers; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        if (header->p_type == PT_LOAD &&
            (uintptr_t)address - (object->base + header->p_vaddr) < (uintptr_t)header->p_memsz) {
            return true;
        }
    }
    return false;
}

static int meet_object(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    static const char HERE = 0;
    reader *self = data;
    sb_imports *imports = self->imports;
    const size_t n = imports->n_objects;
    void *objects = imports->objects, *news = self->objects, *ranges = self->ranges;
    size_t room = self->objects_room;
    const bool made = make_room(self, &objects, sizeof *imports->objects, n, &room) &&
                      make_room(self, &news, sizeof *self->objects, n, &self->objects_room);
    imports->objects = objects;
    self->objects = news;
    char *path = made ? path_of(info) : NULL;
    if (path == NULL) {
        self->failed = true;
        return 1;
    }
    char *slash = strrchr(path, '/');
    imports->objects[n] = (sb_object){.path = path, .name = slash != NULL ? slash + 1 : path};
    imports->n_objects++;
    imports->loads = info->dlpi_adds;

    loaded *object = &self->objects[n];
    *object = (loaded){.base = info->dlpi_addr, .headers = info->dlpi_phdr, .n_headers = info->dlpi_phnum};
    object->ours = holds(object, &HERE);
    object->hidden =
        holds(object, (const void *)getauxval(AT_BASE)) || holds(object, (const void *)getauxval(AT_SYSINFO_EHDR));
    for (size_t i = 0; i < object->n_headers; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0) {
            continue;
        }
        if (!make_room(self, &ranges, sizeof *self->ranges, self->n_ranges, &self->ranges_room)) {
            return 1;
        }
        self->ranges = ranges;
        const uintptr_t begin = object->base + header->p_vaddr;
        self->ranges[self->n_ranges++] = (code_range){.begin = begin, .end = begin + header->p_memsz, .object = n};
    }
    return 0;
}

static int compare_ranges(const void *left, const void *right)
{
    const uintptr_t a = ((const code_range *)left)->begin, b = ((const code_range *)right)->begin;
    return (a > b) - (a < b);
}

/* The object whose code this is, or NO_OBJECT. */
static size_t find_provider(const reader *self, const void *function)
{
    const uintptr_t at = (uintptr_t)function;
    size_t low = 0, high = self->n_ranges;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (at >= self->ranges[middle].end) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < self->n_ranges && at >= self->ranges[low].begin ? self->ranges[low].object : NO_OBJECT;
}

/* Whether the program's address for this name is no function of its own, but leads to another object through a slot of
 * the program, where calls are counted. */
static bool is_stub(const reader *self, const char *name)
{
    const dynamic d = read_dynamic(&self->objects[PROGRAM]);
    const ElfW(Sym) *symbol = find_symbol(&d, name, 0);
    return symbol != NULL && symbol->st_shndx == SHN_UNDEF;
}

/* Whether an import from this object is to be told. */
static bool is_wanted(const reader *self, const sb_import *import)
{
    return import->provider != NO_OBJECT && import->provider != import->importer &&
           !self->objects[import->provider].hidden && !(import->provider == PROGRAM && is_stub(self, import->symbol)) &&
           self->wants(self->context, &self->imports->objects[import->provider], import->symbol);
}

static void meet_slot(reader *self, size_t importer, const dynamic *d, const ElfW(Rela) * slot)
{
    const size_t kind = ELF64_R_TYPE(slot->r_info), index = ELF64_R_SYM(slot->r_info);
    if (kind != JUMP_SLOT && kind != GLOB_DAT) {
        return;
    }
    const ElfW(Sym) *symbol = &d->symbols[index];
    const int type = ELF64_ST_TYPE(symbol->st_info);
    candidate new = {.import = {.importer = importer, .symbol = d->strings + symbol->st_name}, .bound = true};
    sb_import *import = &new.import;
    if ((type != STT_NOTYPE && type != STT_FUNC && type != STT_GNU_IFUNC) || import->symbol[0] == '\0' ||
        !self->wants(self->context, NULL, import->symbol)) {
        return;
    }
    import->place = (void **)(d->base + slot->r_offset);
    import->was = __atomic_load_n(import->place, __ATOMIC_RELAXED);
    const sb_slot *planted = sb_slot_of(import->was);
    import->function = planted != NULL ? planted->function : import->was;
    import->provider = find_provider(self, import->function);
    if (import->provider == importer && kind == JUMP_SLOT && symbol->st_shndx == SHN_UNDEF) {
        new.bound = false;
        new.version = find_version(d, index);
    }
    else if (!is_wanted(self, import)) {
        return;
    }
    else if (kind == GLOB_DAT && type == STT_NOTYPE) {
        const dynamic provider = read_dynamic(&self->objects[import->provider]);
        if (!is_function(&provider, import->symbol)) {
            return;
        }
    }
    void *candidates = self->candidates;
    const bool made =
        make_room(self, &candidates, sizeof *self->candidates, self->n_candidates, &self->candidates_room);
    self->candidates = candidates;
    if (made) {
        self->candidates[self->n_candidates++] = new;
    }
}

static void meet_slots(reader *self, size_t importer)
{
    const loaded *object = &self->objects[importer];
    const dynamic d = read_dynamic(object);
    if (object->ours || object->hidden || d.symbols == NULL || d.strings == NULL) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        for (size_t k = i == 1 ? d.n_relative : 0; d.tables[i] != NULL && k < d.lengths[i] && !self->failed; k++) {
            meet_slot(self, importer, &d, &d.tables[i][k]);
        }
    }
}

/* All at once, from the first object: the lock is not given back in between. */
static int collect(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)info;
    (void)size;
    reader *self = data;
    dl_iterate_phdr(meet_object, self);
    if (self->n_ranges > 0) {
        qsort(self->ranges, self->n_ranges, sizeof *self->ranges, compare_ranges);
    }
    for (size_t i = 0; i < self->imports->n_objects && !self->failed; i++) {
        meet_slots(self, i);
    }
    return 1;
}

/* ---- pinning and resolving, without it ---- */

/* Returns whether the object is still there, and stays. */
static bool pin(const reader *self, size_t index)
{
    sb_object *object = &self->imports->objects[index];
    if (index == PROGRAM) {
        object->pinned = true;
    }
    if (!object->pinned) {
        struct link_map *map;
        void *handle = dlopen(object->path, RTLD_LAZY | RTLD_NOLOAD);
        if (handle != NULL && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_addr == self->objects[index].base) {
            object->handle = handle;
            object->pinned = true;
        }
        else if (handle != NULL) {
            dlclose(handle);
        }
    }
    return object->pinned;
}

static void *look_up(void *scope, const candidate *c)
{
#ifdef __GLIBC__
    if (c->version != NULL) {
        return dlvsym(scope, c->import.symbol, c->version);
    }
#endif /* musl binds by the name alone. */
    return dlsym(scope, c->import.symbol);
}

/* Where the program takes a function's address without asking the loader (linked as non-PIE), that address is a stub of
 * its own, which jumps through its slot. So dlsym() finds the stub, and the function is in a library behind it. */
static void *look_behind_program(reader *self, const candidate *c)
{
    void *found = NULL;
    for (size_t i = 1; i < self->imports->n_objects && found == NULL; i++) {
        if (!self->objects[i].hidden && pin(self, i)) {
            const dynamic d = read_dynamic(&self->objects[i]);
            found = find_symbol(&d, c->import.symbol, 0) != NULL ? look_up(self->imports->objects[i].handle, c) : NULL;
        }
    }
    return found;
}

/* As the loader would: in the program and what it was started with, then in the object and what that was linked to. Who
 * asks for no version is given the library's first by the loader, and by dlsym() the newest. */
static void resolve(reader *self, candidate *c, void *program)
{
    void *found = look_up(program, c);
    if (found == NULL && self->imports->objects[c->import.importer].handle != NULL) {
        found = look_up(self->imports->objects[c->import.importer].handle, c);
    }
    if (found != NULL && find_provider(self, found) == PROGRAM && is_stub(self, c->import.symbol)) {
        found = look_behind_program(self, c);
    }
    c->import.function = found;
    c->import.provider = find_provider(self, found);
    if (c->version == NULL && c->import.provider != NO_OBJECT && pin(self, c->import.provider)) {
        const dynamic d = read_dynamic(&self->objects[c->import.provider]);
        const ElfW(Sym) *first = find_symbol(&d, c->import.symbol, FIRST_VERSION);
        if (first != NULL && ELF64_ST_TYPE(first->st_info) == STT_FUNC && first->st_shndx != SHN_UNDEF) {
            c->import.function = (const void *)(d.base + first->st_value);
        }
    }
}

static int settle(reader *self)
{
    sb_imports *imports = self->imports;
    imports->items = malloc((self->n_candidates + 1) * sizeof *imports->items);
    if (imports->items == NULL) {
        return -1;
    }
    void *program = dlopen(NULL, RTLD_LAZY);
    for (size_t i = 0; i < self->n_candidates; i++) {
        candidate *c = &self->candidates[i];
        if (!pin(self, c->import.importer)) {
            continue;
        }
        if (!c->bound) {
            resolve(self, c, program);
            if (!is_wanted(self, &c->import)) {
                continue;
            }
        }
        if (pin(self, c->import.provider)) {
            imports->items[imports->n_items++] = c->import;
        }
    }
    if (program != NULL) {
        dlclose(program);
    }
    (void)dlerror(); /* what was not found is no error of the next caller's */
    return 0;
}

int sb_imports_read(sb_imports *imports, sb_wants wants, void *context)
{
    *imports = (sb_imports){.process = getpid()};
    reader self = {.imports = imports, .wants = wants, .context = context};
    dl_iterate_phdr(collect, &self);
    const int result = self.failed ? -1 : settle(&self);
    free(self.objects);
    free(self.ranges);
    free(self.candidates);
    if (result < 0) {
        sb_imports_release(imports);
    }
    return result;
}

void sb_imports_release(sb_imports *imports)
{
    for (size_t i = 0; i < imports->n_objects; i++) {
        if (imports->objects[i].handle != NULL && imports->process == getpid()) {
            dlclose(imports->objects[i].handle);
        }
        free(imports->objects[i].path);
    }
    free(imports->objects);
    free(imports->items);
    *imports = (sb_imports){0};
}

static int read_loads(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    *(unsigned long long *)data = info->dlpi_adds;
    return 1;
}

unsigned long long sb_imports_loads(void)
{
    unsigned long long loads = 0;
    dl_iterate_phdr(read_loads, &loads);
    return loads;
}
