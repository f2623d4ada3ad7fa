#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Honest requests next to the signatures of attack tools, by curl and wget: attack_words.sh ADDRESS PASSWORD
# Words that give a tool away in its user agent stand in a search or in a Referer, programs that only attackers
# point at one place go to another, and pages lie beside those that a web shell is named after.
set -eu
base=http://$1
password=$2
from() { curl --silent --output /dev/null --max-time 10 "$@"; }

for tool in "Nuclei - Open-source project" "Nmap Scripting Engine" sqlmap/1.8 "(Nikto/2.5.0)" gobuster/3.6 feroxbuster/2.10 \
    "Fuzz Faster U Fool" zgrab/0.x "(Hydra)" antSword/v2.1 ruler; do
    from --get --data-urlencode "q=$tool" --referer "https://wiki.exwire.example/$tool" "$base/owa/"
done
# The words of a look-up without being one, in the URI and in the user agent.
from --user-agent "jndi-browser/1.0 (\$ldap; {jndi})" "$base/owa/?q=jndi%3Aldap%3A%2F%2F"
# Scripts where scripts belong, and the addresses of other people's mail in a body.
from --user "phone1@exwire.example:$password" --header "Content-Type: text/xml" --data "<a>ExchangeServicesClient/0.0.0.0</a>" \
    "$base/EWS/Exchange.asmx"
from --user "phone1@exwire.example:$password" --data "x=/autodiscover/autodiscover.json@/mapi/" "$base/autodiscover/autodiscover.xml"
from --user "phone1@exwire.example:$password" --data "" "$base/mapi/emsmdb/?MailboxId=phone1@exwire.example"
wget --quiet --tries=1 --output-document=/dev/null "$base/owa/auth/errorFE.aspx?httpCode=500"
wget --quiet --tries=1 --output-document=/dev/null "$base/owa/auth/15.2.1118/themes/resources/favicon.ico"
wget --quiet --tries=1 --output-document=/dev/null "$base/aspnet_client/system_web/4_0_30319/SmartNav.htm"
