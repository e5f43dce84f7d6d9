/*
 * The main of every CUnit program: one suite from a table, exit 1 on a failure.
 */
#ifndef PARRY_TESTS_CUNIT_MAIN_H
#define PARRY_TESTS_CUNIT_MAIN_H

#include <CUnit/Basic.h>

/* Runs tests (ended by CU_TEST_INFO_NULL) as one suite; returns main's exit status. */
static inline int cunit_main(const char *suite_name, CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {
        {suite_name, NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS)
        return 2;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned int failed = CU_get_number_of_failures();
    unsigned int ran = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failed || !ran ? 1 : 0;
}

#endif
