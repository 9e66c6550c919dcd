"""By what a machine's user agent gives itself away, and by what a person's is known. Read by `tracker.agents`.

Few and general: a word, a contact address, a shape. What they miss is on the lists of crawlers, and what is on no list
either mostly names no device, as nobody's phone does.
"""

import re

PREVIEWS = re.compile(
    r"""
      externalhit | Facebot | meta-externalf | Twitterbot             # Meta, X; iMessage sends their names, from the phone
    | Google-PageRenderer | GoogleMessages                            # Google Messages, until 2025 and since
    | ^\w*WhatsApp(?:/[\d.]+(?:[ /][a-z])?)?$                         # Signal calls itself so too
    | ^Viber | kakaotalk-scrap | \bZalo$ | vkShare | OdklBot | redditbot | Cardyb
    | Slack(?:bot|-ImgProxy) | TelegramBot | Discordbot | LinkedInBot | SkypeUriPreview | MattermostBot | RocketChat/
    | Iframely | Embedly | BingPreview | GoogleImageProxy
    | (?:link|url|page|site|web|rich|microsoft|snap\ url)[ :_-]?(?:preview|expand|unfurl) | unfurl | linkexpander
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Messengers that draw a preview of the link."""

CLIENTS = re.compile(
    r"""
      ^(?:[\w.]+-)?(?:curl|libcurl|wget|httpie|xh|python|httpx|aiohttp|urllib|go-http|okhttp|java|apache-http|axios|node|undici|
        got|superagent|bun|deno|libwww|lwp|perl|ruby|faraday|typhoeus|guzzle|php|postman|insomnia|reqwest|hyper|dart|dotnet|
        restsharp|winhttp|grpc|git|powershell|mechanize|scrapy|colly|fasthttp)(?:$|[\d/ .;:_-]|\w*(?:client|http|runtime)\b)
    | headless | phantomjs | slimerjs | selenium | puppeteer | playwright | webdriver | jsdom | htmlunit | cypress/
    | lighthouse
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Programming libraries, and browsers without a screen."""

CLIENT_WORDS = re.compile(
    r"https?[_-]?client|\b(?:python|php|perl|java|ruby|golang|node|libwww|okhttp|libcurl|axios)\b", re.IGNORECASE
)
"""What tells why, once it is clear that a machine asked: phones have Java too."""

MACHINE_SIGNS = re.compile(
    r"""
      (?<!from:\ )https?:// | (?-i:\bwww\.) | mailto                  # where to complain: no browser says so, but for IE's
    | \w@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,} | \(via\                     # extensions ("from: http://")
    | \b(?!cubot)[\w-]+bot\b | \brobot                                # a word that ends in bot, never bot alone
    | crawl | spider | scrap(?:er|y|ing)\b | fetcher | (?<!cam)scanner | monitor(?:ing)?\b | check(?:er|ing)\b | validator
    | archiver | indexer | preview | \bfeed | \bresearch | \bsurvey | sitemap | inspector | \bprobe
    | ^Mozilla/5\.0\ \(compatible;\ (?!U;|.*(?:MSIE|Konqueror|IBrowse|Haiku|Brew|MIDP|DoCoMo))
    | (?<=^.{14}).*\bcompatible;\ (?!MSIE)
    | KHTML,\ like\ Gecko;
    | \$\{ | \{\{ | <\w+\  | \bselect\b.*(?:\bfrom\b|\() | \bsleep\(        # attacks on whoever writes the user agent down
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What no person's browser says."""

SECURITY_WORDS = re.compile(
    r"""
      scan(?:ner|ning)?\b | secur | vulnerab | malware | phish | virus | threat | pentest | exploit | recon\b | attack
    | safe-?browsing | reputation | url-?(?:check|scan) | fingerprint | \boast\. | burpcollab | jndi: | nuclei | nmap | nikto
    | sqlmap | zgrab | masscan | shodan | censys | expanse | internet-measurement | netcraft | barracuda | proofpoint
    | mimecast | forcepoint | bitdefender | kaspersky | sophos | symantec | norton | mcafee | trend\ ?micro | avast | avira
    | dr\.?web | fortinet | fortiguard | palo\ ?alto | zscaler | urlscan | checkpoint | bluecoat | websense | crowdstrike
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What tells why, once it is clear that a machine asked: makers of antivirus software make browsers too."""

PERSONAL_NAMES = re.compile(
    r"""
      (?<=Android\ )[\w.]+;\ (?:[a-z]{2}(?:[-_][a-z]{2})?;\ )?(?![^;)]*(?:bot/|spider|crawl|://))[^;)]*  # a phone's model
    | cubot | iBuddy | ViewSonic | TIANYU | Cronet/ | AndroidDownloadManager | PodcastAddict/ | WhatsApp\S*\ \S+\ Device/
    | Sogou(?:MSE|Search|MobileBrowser) | \bViber | MetaIAB\ Facebook | Blackboard/ | YaSearchBrowser | baiduboxapp/\S+
    | NetworkingExtension | Outlook-iOS | Freespoke/ | ru\.yandex\.\S+
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Names of phones and of the apps that open links on them, which would pass for a crawler's."""

BROWSER_NAMES = re.compile(
    r"""
      Mozilla/[45]\.0 | AppleWebKit/[\d.+]+ | \(KHTML,\ like\ Gecko\)
    | (?:Chrome|Version|Firefox|OPR|EdgA?|SamsungBrowser)/[\d.]+ | (?:Mobile\ )?Safari/[\d.]+ | Mobile/\w+ | Gecko/[\d.]+
    | Build/[\w.-]+ | \((?:Linux|iPhone|iPad|Macintosh|X11|Windows\ NT)[ ;] | CPU\ (?:iPhone\ )?OS\ [\d_]+\ like\ Mac\ OS\ X
    | (?:Intel\ )?Mac\ OS\ X\ [\d_.]+ | Linux\ x86_64 | Win64;\ x64
    """,
    re.VERBOSE,
)
"""What every browser says and no crawler is known by: the lists of crawlers are slow, the more so the longer the text."""

DEVICE_WORDS = re.compile(
    r"""
      android | iphone | iph\d | ipad | ipod | \bios\b | windows | macintosh | mac[ _]?os | darwin | linux | x11 | cros\
    | symbian | series\ ?\d0 | blackberry | nokia | ericsson | samsung | midp | cldc | j2me | opera\ m(?:ini|obi)
    | up\.browser | ucweb | ucbrowser | \bjuc | tizen | kaios | docomo | kddi | softbank | vodafone | j-phone | willcom
    | foma | jig\ browser | netfront | dalvik | cfnetwork | huawei | k-touch | \bwap | fbav/
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""The devices and systems that ua-parser does not know by every name; what it knows need not be here."""
