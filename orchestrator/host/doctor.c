#include "orchestrator/host/doctor.h"

#include "orchestrator/host/doctor_checks.h"

static const struct {
    const char *name, *title;
    DoctorCheck *check;
} checks[] = {
    {"root", "Rights", doctor_check_root},
    {"namespaces", "Namespaces", doctor_check_namespaces},
    {"kvm", "Hardware virtualisation", doctor_check_kvm},
    {"tun", "Network taps", doctor_check_tun},
    {"bridge", "Bridges and filters", doctor_check_bridge},
    {"memory", "Memory", doctor_check_memory},
    {"sharing", "Shared memory", doctor_check_sharing},
    {"disk", "Disk", doctor_check_disk},
    {"libvirt", "libvirt", doctor_check_libvirt},
    {"qemu", "QEMU", doctor_check_qemu},
    {"programs", "Programs", doctor_check_programs},
    {"accounts", "Accounts", doctor_check_accounts},
    {"home", "State directory", doctor_check_home},
    {"files", "Open files", doctor_check_files},
    {"limits", "Limits", doctor_check_limits},
};

static const char *const level_names[] = {"ok", "warn", "fail"};

void doctor_result_free(DoctorResult *result)
{
    if (!result)
        return;
    g_free(result->seen);
    g_free(result->mend);
    g_free(result);
}

GPtrArray *doctor_run(const char *home, const char *kernel)
{
    GPtrArray *results =
        g_ptr_array_new_with_free_func((GDestroyNotify)doctor_result_free);
    DoctorSubject subject = {home, kernel};

    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
        DoctorResult *result = g_new0(DoctorResult, 1);
        result->name = checks[i].name;
        result->title = checks[i].title;
        checks[i].check(&subject, result);
        g_ptr_array_add(results, result);
    }
    return results;
}

const char *doctor_level_name(DoctorLevel level)
{
    return level_names[level];
}

DoctorLevel doctor_worst(const GPtrArray *results)
{
    DoctorLevel worst = DOCTOR_OK;

    for (guint i = 0; i < results->len; i++) {
        const DoctorResult *result = results->pdata[i];
        worst = MAX(worst, result->level);
    }
    return worst;
}
