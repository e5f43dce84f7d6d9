#include "scoreboard/profile_hk.h"

/* A unit that the sums of head weights divide, so that the usual qualities stay exact. */
#define Q_UNIT 3600000

gint64 hk_base(const PlanScoring *rules, const char *kind)
{
    return rules->ps_bases[MAX(plan_target_kind_index(kind), 0)];
}

int hk_repeat(const PlanScoring *rules, int nth)
{
    return nth >= 1 && nth <= rules->ps_repeats ? rules->ps_repeat[nth - 1] : 0;
}

Ratio hk_quality(const HkHeads *heads)
{
    const struct {
        int weight, grade;
    } all[] = {
        {25, heads->hq_detection},    {15, heads->hq_analysis},
        {20, heads->hq_handling},     {15, heads->hq_warning},
        {10, heads->hq_coordination}, {15, heads->hq_attribution},
    };
    gint64 sum = 0, weight = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i].grade < 0)
            continue;
        sum += (gint64)all[i].weight * MIN(all[i].grade, 100);
        weight += (gint64)all[i].weight * 100;
    }
    return weight ? ratio_make(sum, weight) : RATIO_ZERO;
}

void hk_response_add(HkResponse *response, gint64 weight_points, Ratio q)
{
    response->hr_sum += weight_points * ratio_of(q, Q_UNIT);
    response->hr_weight += weight_points * Q_UNIT;
}

Ratio hk_response(const HkResponse *response)
{
    return ratio_make(response->hr_sum, response->hr_weight);
}

/* (4000·(1 − min(1, D/cap)) + 4000·R)·A + 2000·X/Xmax; the two terms are rounded down
 * apart. */
gint64 hk_protection(const HkProtection *in)
{
    Ratio kept = ratio_make(in->hp_cap - MIN(in->hp_damage, in->hp_cap), in->hp_cap);
    Ratio r = in->hp_response, a = in->hp_availability;
    Ratio x = RATIO_ZERO;
    /* 4·10^6 is below 2^22 and each part at most 2^32: the products stay within 120 bits.
     */
    __int128 top =
        ((__int128)kept.num * r.den + (__int128)r.num * kept.den) * a.num * 4000000;
    __int128 bottom = (__int128)kept.den * r.den * a.den;

    if (in->hp_bonus_max > 0)
        x = ratio_make(CLAMP(in->hp_bonus, 0, in->hp_bonus_max), in->hp_bonus_max);
    return (gint64)(top / bottom) + ratio_of(x, 2000000);
}

gint64 hk_false_cost(const PlanScoring *rules, gint64 protection, int unmatched)
{
    int over = MAX(unmatched - rules->ps_false_free, 0);
    int per_cent = MIN(over, 100) * rules->ps_false_cost;

    return ratio_of((Ratio){MIN(per_cent, 100), 100}, protection);
}
