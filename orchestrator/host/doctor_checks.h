/* The single checks of the doctor; the table in doctor.c lists them. */
#ifndef PARRY_HOST_DOCTOR_CHECKS_H
#define PARRY_HOST_DOCTOR_CHECKS_H

#include "orchestrator/host/doctor.h"

typedef struct {
    const char *home, *kernel;
} DoctorSubject;

/* Sets level, seen and mend of the result. */
typedef void DoctorCheck(const DoctorSubject *subject, DoctorResult *result);

DoctorCheck doctor_check_root, doctor_check_namespaces, doctor_check_kvm,
    doctor_check_tun, doctor_check_bridge, doctor_check_memory, doctor_check_sharing,
    doctor_check_disk, doctor_check_libvirt, doctor_check_qemu, doctor_check_programs,
    doctor_check_accounts, doctor_check_home, doctor_check_files, doctor_check_limits;

/*
 * The first dotted version in a text, as major * 1000000 + minor * 1000 + micro; 0 if
 * there is none.
 */
unsigned doctor_version_in(const char *text);

#endif
