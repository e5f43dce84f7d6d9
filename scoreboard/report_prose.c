/*
 * The fixed paragraphs of the report, in its languages.
 */
#include "scoreboard/report_md.h"

#include <string.h>

static const struct {
    const char *name, *en, *zh;
} PROSE[] = {
    {"strips",
     "Strips run from the start of the drill to its end and show the worst of each part: "
     "`━` up, `✗` down, "
     "`!` faulty, `#` corrupt, `~` recovering, `?` unchecked, `·` not looked at.\n\n",
     "狀態帶由演練開始至結束，每格顯示該段最差的狀態：`━` 正常、`✗` 中斷、`!` 異常、`#` "
     "受損、`~` 恢復中、"
     "`?` 未檢查、`·` 沒有檢查。\n\n"},
    {"lines",
     "Lines of injects are in the scenario's points; those of availability are shares of "
     "10,000. Damage and response "
     "are what the formula of protection is fed with.\n\n",
     "情境以情境檔的分數計；可用性為 10,000 "
     "分中的份額；損害與回應是計算防護分數的輸入。\n\n"},
    {"objectives",
     "What the drill was to show. Scores of most metrics are given by evaluators and "
     "stand in "
     "their notes; what teams earned of those that a condition decides is listed. The "
     "figures "
     "are what passes, of the most that the metrics give, and how many of the injects "
     "that "
     "serve an objective began.\n\n",
     "演練希望達到的目標。大部分指標由評核員評分，見其記錄；由條件決定的指標則列出各隊所"
     "得。數字為"
     "及格分與滿分，以及支持該目標的情境中已開始的數目。\n\n"},
    {"acts",
     "Acts are what agents in the team's own hosts saw, sorted by rules: evidence, not "
     "proof, and nothing of it scores. An act without a name is by somebody who had "
     "logged in. Where observations are missing (⚠), acts may be too.\n\n",
     "行動由隊伍主機上的代理觀察所得，並按規則分類：只屬證據而非證明，亦不計分。沒有姓名"
     "者為"
     "已登入的某人。標示 ⚠ 處欠缺觀察記錄，行動亦可能有遺漏。\n\n"},
    {"provisioning",
     "The slowest come first. The strip is the time from the beginning, of the last try: "
     "`·` it waited for images, networks, other hosts or its turn; `░` disk and VM were "
     "made; `▒` it booted or was restored, until its agent spoke; `█` it was set up. "
     "More hosts are in `report.json`.\n\n",
     "最慢者先列。時間帶由開始起計，屬最後一次嘗試：`·` "
     "等候映像、網絡、其他主機或輪候；`░` "
     "建立磁碟及虛擬機；`▒` 開機或還原，至代理連線；`█` 設定。其餘主機見 "
     "`report.json`。\n\n"},
    {"acts-cut", "More acts are in `report.json`.\n\n", "其餘行動見 `report.json`。\n\n"},
    {"cut", "The timeline goes on in `report.json`.\n\n",
     "時間線其餘部分見 `report.json`。\n\n"},
    {"method",
     "- Every figure is computed from the journal alone; the numbers under \"Events\" "
     "are the events behind it "
     "(`report.json` has all of them).\n"
     "- Times are of the drill clock, which stands still while the drill is paused. A "
     "time to detect runs from the "
     "execution of an attack to the first report that names it; a time to contain from "
     "there (or, where it says so, from the detection) to the moment at which "
     "the effect was verified gone. Medians are over those that were detected or "
     "contained; how many that is stands "
     "beside them.\n"
     "- Reports are graded by machine over the heads that can be (detection, analysis, "
     "handling); heads that only a "
     "judge can grade leave the denominator. Grades are provisional until white has "
     "ruled.\n"
     "- An attack that failed by the platform's fault leaves what was possible; one that "
     "came to nothing while "
     "everything scored on its host was down earns nothing.\n"
     "- Checks answered on a team's own host are that team's word; those from the "
     "referee are not.\n",
     "- 所有數字只由日誌計算；「事件」一欄是其依據的事件編號（全部見 `report.json`）。\n"
     "- "
     "時間為演練時鐘，演練暫停時時鐘停止。偵測用時由攻擊執行起，至首份指明該攻擊的報告；"
     "遏制用時由攻擊執行起（如註明則由偵測起），至確認效果消除。"
     "中位數只計已偵測或已遏制者，其數目列於旁邊。\n"
     "- "
     "報告由系統就可自動評核的項目（偵測、分析、處置）初步評分；須由評判評核的項目不計入"
     "分母，以白隊最終裁定為準。\n"
     "- "
     "因平台故障而失敗的攻擊不計入滿分；主機所有計分服務均中斷時未能得逞的攻擊不獲分數。"
     "\n"
     "- 在隊伍自己主機上執行的檢查屬該隊自報；由裁判主機執行的則不是。\n"},
    {"emulated",
     "- **The guests ran under software emulation, not KVM. Emulation is not hardened "
     "against hostile guests as KVM is: "
     "the isolation shown here is weaker than it would be there, and guests are "
     "slower.**\n",
     "- **虛擬機以軟件模擬執行，並非 KVM。軟件模擬對惡意虛擬機的防護不及 "
     "KVM：此處的隔離較弱，速度亦較慢。**\n"},
    {"unknown-accel",
     "- The journal does not say how the guests were run (KVM or software emulation).\n",
     "- 日誌沒有記錄虛擬機的執行方式（KVM 或軟件模擬）。\n"},
    {"simulated",
     "**This drill was simulated. No machine ran: what attacks, searches, containments "
     "and checks came to was assumed by a simple model, and the players were scripts. "
     "It shows that the scenario plays as it is meant to; it shows nothing about "
     "anybody's "
     "defence.**\n\n",
     "**本演練為模擬：沒有任何虛擬機運行，攻擊、搜尋、遏制及檢查的結果均由簡單模型假定，"
     "隊員由腳本代替。本報告只顯示情境檔能否按計劃進行，並不反映任何人的防禦能力。**"
     "\n\n"},
    {"simulated-method",
     "- **Simulated**: every host counts as ready, every check as up until an attack "
     "that "
     "names it took effect. An attack takes effect unless a scripted action put its "
     "`contain` into force before; a search finds what was tried, a containment always "
     "works, and nothing takes time. Isolation was not tested: there was nothing to "
     "isolate.\n",
     "- "
     "**模擬**"
     "：所有主機視為就緒，所有檢查視為正常，直至指明該檢查的攻擊生效。除非腳本已預"
     "先採取該攻擊的遏制措施，否則攻擊必然生效；搜尋必能找到已嘗試的攻擊，遏制必然成功，"
     "所有"
     "步驟均不需時。沒有測試隔離，因為沒有可隔離的主機。\n"},
    {"rehearsal",
     "- This was a rehearsal: scripted players acted for the teams, and the clock leapt "
     "over quiet hours; checks in a "
     "leap were sampled once and stand for the rounds that were left out.\n",
     "- "
     "本次為預演：由腳本代替隊員行動，時鐘會跳過沒有活動的時段；跳過期間的檢查只抽樣一次"
     "，並代表被略去的輪次。\n"},
    {"verify",
     "The journal is a chain: each event carries the hash of the one before. "
     "`parry-verify` recomputes it with code of its "
     "own, and compares every signed checkpoint with the tree over the events. Keep the "
     "root hash of the cover, or a "
     "checkpoint seen on the scoreboard, apart from the drill's directory: it is what a "
     "changed journal cannot match.\n\n",
     "日誌是一條雜湊鏈：每個事件都包含前一事件的雜湊值。`parry-verify` "
     "以獨立程式碼重新計算，並核對每個已簽署的檢查點。"
     "請把封面的根雜湊或計分板上的檢查點另行保存：被改動的日誌無法與之吻合。\n\n"},
};

void report_md_prose(Md *md, const char *name)
{
    gboolean chinese = strcmp(md->md_lang, "zh-Hant") == 0;

    for (gsize i = 0; i < G_N_ELEMENTS(PROSE); i++)
        if (strcmp(PROSE[i].name, name) == 0)
            g_string_append(md->md_out, chinese ? PROSE[i].zh : PROSE[i].en);
}
