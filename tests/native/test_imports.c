/* What objects import from each other, of libraries that are linked in every way. */
#define _GNU_SOURCE /* dlvsym */
#include "check.h"
#include "imports.h"
#include "provider.h"
#include "thunk.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define PROVIDER "libprovider.so"

static void *load(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return handle;
}

static const char *name_in(const char *path)
{
    return strrchr(path, '/') + 1;
}

static bool is_provided(void *context, const sb_object *provider, const char *symbol)
{
    (void)context;
    (void)symbol;
    return provider == NULL || strcmp(provider->name, PROVIDER) == 0;
}

static bool is_anything(void *context, const sb_object *provider, const char *symbol)
{
    (void)context;
    (void)provider;
    (void)symbol;
    return true;
}

static bool is_nothing(void *context, const sb_object *provider, const char *symbol)
{
    (void)provider;
    *(bool *)context |= symbol[0] == '\0';
    return false;
}

/* How many slots of the importer are told for the symbol; `last` is one of them. */
static size_t count(const sb_imports *imports, const char *importer, const char *symbol, sb_import *last)
{
    size_t n = 0;
    for (size_t i = 0; i < imports->n_items; i++) {
        if (strcmp(imports->objects[imports->items[i].importer].name, importer) == 0 &&
            strcmp(imports->items[i].symbol, symbol) == 0) {
            *last = imports->items[i];
            n++;
        }
    }
    return n;
}

static void test_functions_are_told(const char *path, bool lazy)
{
    static const char *const FUNCTIONS[] = {"provider_integers", "provider_variadic", "provider_callback",
                                            "provider_chosen",   "provider_errno",    "provider_plain"};
    void *handle = load(path), *provider = dlopen(PROVIDER_PATH, RTLD_LAZY | RTLD_NOLOAD);
    sb_imports imports;
    sb_import found = {0};
    CHECK(sb_imports_read(&imports, is_provided, NULL) == 0);
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        CHECK_ROW(__LINE__, count(&imports, name_in(path), FUNCTIONS[i], &found) >= 1, "%s: %s", path, FUNCTIONS[i]);
        CHECK(found.function == dlsym(provider, FUNCTIONS[i]));
        CHECK(found.was == __atomic_load_n(found.place, __ATOMIC_RELAXED));
        CHECK(found.was == found.function || (lazy && strcmp(FUNCTIONS[i], "provider_plain") != 0));
        CHECK(strcmp(imports.objects[found.provider].path, PROVIDER_PATH) == 0);
        CHECK(strcmp(imports.objects[found.provider].name, PROVIDER) == 0);
    }
    CHECK(count(&imports, name_in(path), "provider_variable", &found) == 0);
    CHECK(count(&imports, name_in(path), "provider_table", &found) == 0);
    CHECK(count(&imports, name_in(path), "provider_local", &found) == 0);
    sb_imports_release(&imports);
    dlclose(provider);
    dlclose(handle);
}

static void test_the_version_that_is_needed(void)
{
    void *new = load(IMPORTER_LAZY), *old = load(IMPORTER_OLD), *none = load(IMPORTER_UNLINKED);
    void *provider = dlopen(PROVIDER_PATH, RTLD_LAZY | RTLD_NOLOAD);
    const void *functions[] = {dlvsym(provider, "provider_versioned", "PROVIDER_1"),
                               dlvsym(provider, "provider_versioned", "PROVIDER_2")};
    CHECK(functions[0] != NULL && functions[0] != functions[1]);
    sb_imports imports;
    sb_import found = {0};
    CHECK(sb_imports_read(&imports, is_provided, NULL) == 0);
    CHECK(count(&imports, name_in(IMPORTER_OLD), "provider_versioned", &found) == 1 && found.function == functions[0]);
    CHECK(found.was != found.function); /* it is not bound yet */
    CHECK(count(&imports, name_in(IMPORTER_LAZY), "provider_versioned", &found) == 1 && found.function == functions[1]);
    CHECK(count(&imports, name_in(IMPORTER_UNLINKED), "provider_versioned", &found) == 1);
    CHECK(found.function == functions[0]); /* what the loader gives to who asks for no version */
    sb_imports_release(&imports);
    dlclose(provider);
    dlclose(new);
    dlclose(old);
    dlclose(none);
}

static void test_what_is_left_out(void)
{
    void *handle = load(IMPORTER_NOW);
    sb_imports imports;
    CHECK(sb_imports_read(&imports, is_anything, NULL) == 0);
    CHECK(imports.n_items > 20);
    for (size_t i = 0; i < imports.n_items; i++) {
        const sb_import *import = &imports.items[i];
        const char *importer = imports.objects[import->importer].name,
                   *provider = imports.objects[import->provider].name;
        CHECK(import->importer != import->provider);
        CHECK(import->importer != 0); /* the main program, which the thunks are in */
        CHECK(strncmp(importer, "ld-linux", 8) != 0 && strncmp(provider, "ld-linux", 8) != 0);
        CHECK(strstr(provider, "vdso") == NULL);
        CHECK(import->symbol[0] != '\0' && import->function != NULL);
    }
    sb_imports_release(&imports);
    bool empty = false;
    CHECK(sb_imports_read(&imports, is_nothing, &empty) == 0);
    CHECK(imports.n_items == 0 && !empty);
    sb_imports_release(&imports);
    dlclose(handle);
}

static void test_what_is_loaded_later_and_unloaded(void)
{
    void *handle = load(IMPORTER_NOW);
    sb_imports imports, later;
    sb_import found = {0};
    CHECK(sb_imports_read(&imports, is_provided, NULL) == 0);
    CHECK(sb_imports_loads() == imports.loads);
    void *second = load(IMPORTER_NO_PLT);
    CHECK(sb_imports_loads() != imports.loads);
    CHECK(sb_imports_read(&later, is_provided, NULL) == 0);
    CHECK(sb_imports_loads() == later.loads);
    CHECK(count(&imports, name_in(IMPORTER_NO_PLT), "provider_plain", &found) == 0);
    CHECK(count(&later, name_in(IMPORTER_NO_PLT), "provider_plain", &found) >= 1);

    dlclose(handle);
    dlclose(second);
    CHECK(__atomic_load_n(found.place, __ATOMIC_RELAXED) == found.was); /* it stays, until it is given back */
    CHECK(dlopen(IMPORTER_NO_PLT, RTLD_LAZY | RTLD_NOLOAD) != NULL);
    dlclose(dlopen(IMPORTER_NO_PLT, RTLD_LAZY | RTLD_NOLOAD));
    dlclose(dlopen(IMPORTER_NO_PLT, RTLD_LAZY | RTLD_NOLOAD));
    dlclose(dlopen(IMPORTER_NO_PLT, RTLD_LAZY | RTLD_NOLOAD));
    sb_imports_release(&imports);
    sb_imports_release(&later);
}

static void test_nothing_stays_pinned(void)
{
    void *handle = load(IMPORTER_LAZY);
    for (int i = 0; i < 3; i++) {
        sb_imports imports;
        CHECK(sb_imports_read(&imports, is_anything, NULL) == 0);
        sb_imports_release(&imports);
    }
    dlclose(handle);
    CHECK(dlopen(IMPORTER_LAZY, RTLD_LAZY | RTLD_NOLOAD) == NULL);
}

int main(void)
{
    CHECK(dlopen(PROVIDER_PATH, RTLD_NOW | RTLD_GLOBAL) != NULL); /* for the importer that is not linked to it */
    test_functions_are_told(IMPORTER_LAZY, true);
    test_functions_are_told(IMPORTER_NOW, false);
    test_functions_are_told(IMPORTER_NO_PLT, false);
    test_functions_are_told(IMPORTER_UNLINKED, true);
    test_the_version_that_is_needed();
    test_what_is_left_out();
    test_what_is_loaded_later_and_unloaded();
    test_nothing_stays_pinned();
    return check_status();
}
