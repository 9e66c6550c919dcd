import pytest

from tests.factories import NOW
from tests.tracker.http import IPHONE
from tracker.agents import AgentClass, Device, classify, device_of
from tracker.hits import SpooledHit
from tracker.verdicts import Judgement, Reason, Verdict, judge

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
PIXEL = f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"


def hit(user_agent: str = IPHONE, method: str = "GET", referrer: str = "", **headers: str) -> SpooledHit:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SpooledHit(NOW, 1, 1, 0, method, "192.0.2.0/24", user_agent, referrer, "fr", named)


HUMAN = Judgement(Verdict.HUMAN, Reason.NONE)


@pytest.mark.parametrize(
    "user_agent",
    [
        IPHONE,
        PIXEL,
        f"Mozilla/5.0 (Linux; Android 14; SM-S911B) {WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 11; CUBOT KINGKONG 5 Pro) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {WEBKIT} Chrome/114.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 5.1; B BOT 50 Build/LMY47D) {WEBKIT} Chrome/95.0.4638.74 Mobile Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 8.1.0; POWER BOT) {WEBKIT} Chrome/106.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
        "[FBAN/FBIOS;FBAV/500.0;FBBV/1;FBDV/iPhone15,2;FBMD/iPhone;FBSN/iOS;FBSV/18.5]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/360.0 "
        "Mobile/15E148 Safari/604.1",
        f"Mozilla/5.0 (Linux; Android 13; M2101K6G; wv) {WEBKIT} Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
        "Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    ],
)
def test_a_browser_is_a_person_even_on_phones_called_bot(user_agent: str) -> None:
    assert judge(hit(user_agent)) == HUMAN


@pytest.mark.parametrize(
    ("user_agent", "reason"),
    [
        # iMessage, from the person's own phone.
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
            "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            Reason.PREVIEW,
        ),
        # Google Messages, until 2025 and since.
        (
            f"Mozilla/5.0 (Linux; Android 8.0) {WEBKIT} Chrome/56.0.2924.87 Safari/537.36 Google-PageRenderer Google "
            "(+https://developers.google.com/+/web/snippet/)",
            Reason.PREVIEW,
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36 GoogleMessages", Reason.PREVIEW),
        ("WhatsApp/2.24.20.89 A", Reason.PREVIEW),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", Reason.PREVIEW),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Reason.PREVIEW),
        ("TelegramBot (like TwitterBot)", Reason.PREVIEW),
        ("curl/8.9.1", Reason.BARE_CLIENT),
        ("Wget/1.24.5", Reason.BARE_CLIENT),
        ("python-requests/2.32.3", Reason.BARE_CLIENT),
        ("python-httpx/0.28.1", Reason.BARE_CLIENT),
        ("Go-http-client/2.0", Reason.BARE_CLIENT),
        ("okhttp/4.12.0", Reason.BARE_CLIENT),
        ("okhttp", Reason.BARE_CLIENT),
        ("Java/17.0.2", Reason.BARE_CLIENT),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36", Reason.BARE_CLIENT),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Reason.CRAWLER),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", Reason.CRAWLER),
        (f"Mozilla/5.0 {WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot", Reason.CRAWLER),
        ("", Reason.NO_USER_AGENT),
        ("  ", Reason.NO_USER_AGENT),
    ],
)
def test_a_machine_that_says_so_is_believed(user_agent: str, reason: Reason) -> None:
    assert judge(hit(user_agent)) == Judgement(Verdict.MACHINE, reason)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_purpose": "prefetch"},
        {"sec_purpose": "prefetch;prerender"},
        {"sec_purpose": "prefetch;anonymous-client-ip"},
        {"sec_purpose": "Prefetch; Prerender"},
        {"purpose": "x,prerender"},
        {"purpose": "prefetch"},
        {"purpose": "Preview"},
        {"x_purpose": "preview"},
        {"x_moz": "prefetch"},
    ],
)
def test_a_prefetch_is_no_click(headers: dict[str, str]) -> None:
    assert judge(hit(**headers)) == Judgement(Verdict.MACHINE, Reason.PREFETCH)


def test_head_is_no_click_whatever_it_says_of_itself() -> None:
    assert judge(hit(method="HEAD", sec_purpose="prefetch")) == Judgement(Verdict.MACHINE, Reason.HEAD)


@pytest.mark.parametrize(
    "referrer",
    [
        "https://eur01.safelinks.protection.outlook.com/",
        "https://NAM12.SafeLinks.Protection.Outlook.com",
        "safelinks.protection.outlook.com",
        "https://urldefense.com/v3/__https",
        "https://urldefense.proofpoint.com:443/v2/url",
        "https://protect-eu.mimecast.com/s/abc",
        "https://secure-web.cisco.com/1abc",
    ],
)
def test_a_link_scanner_with_a_browsers_name_is_suspect(referrer: str) -> None:
    assert judge(hit(referrer=referrer)) == Judgement(Verdict.SUSPECT, Reason.LINK_SCANNER)


@pytest.mark.parametrize(
    "referrer",
    [
        "",
        "https://outlook.com/",
        "https://l.facebook.com/",
        "https://shop.example/safelinks.protection.outlook.com/",
        "https://safelinks.protection.outlook.com.shop.example/",
        "https://noturldefense.com/",
    ],
)
def test_another_referrer_is_no_reason(referrer: str) -> None:
    assert judge(hit(referrer=referrer)) == HUMAN


@pytest.mark.parametrize("purpose", ["navigate", "no-prefetch", "prefetched", "", "previewer"])
def test_an_unknown_purpose_is_no_reason(purpose: str) -> None:
    assert judge(hit(purpose=purpose, sec_purpose=purpose)) == HUMAN


def test_a_machine_that_comes_by_a_link_scanner_is_a_machine_all_the_same() -> None:
    assert judge(hit("curl/8.9", referrer="https://urldefense.com/")).verdict is Verdict.MACHINE


@pytest.mark.parametrize(
    ("agent_class", "judgement"),
    [
        ("person", HUMAN),
        ("preview", Judgement(Verdict.MACHINE, Reason.PREVIEW)),
        ("no_user_agent", Judgement(Verdict.MACHINE, Reason.NO_USER_AGENT)),
    ],
)
def test_a_user_agent_that_was_left_out_is_judged_by_its_class(agent_class: str, judgement: Judgement) -> None:
    assert judge(hit("", agent_class=agent_class)) == judgement


def test_every_class_but_a_person_has_its_reason() -> None:
    judged = {AgentClass(c): judge(hit("", agent_class=c)).verdict for c in AgentClass}
    assert judged.pop(AgentClass.PERSON) is Verdict.HUMAN
    assert set(judged.values()) == {Verdict.MACHINE}


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (IPHONE, Device("phone", "iOS")),
        (PIXEL, Device("phone", "Android")),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
            "Mobile/15E148 Safari/604.1",
            Device("tablet", "iOS"),
        ),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0 Safari/537.36", Device("computer", "Windows")),
        ("curl/8.9.1", Device("", "")),
        ("", Device("", "")),
    ],
)
def test_a_user_agent_names_a_device_and_a_system(user_agent: str, device: Device) -> None:
    assert device_of(user_agent) == device


def test_classes_are_remembered() -> None:
    classify.cache_clear()
    for _ in range(3):
        classify(PIXEL)
    assert (classify.cache_info().misses, classify.cache_info().hits) == (1, 2)
