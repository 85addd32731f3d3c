#!/bin/sh
# Debian packages that some tests need.  Installs what is missing where that is
# possible (root, apt), and otherwise says which tests are skipped for want of it.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v pdftoppm >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v msgfmt >/dev/null 2>&1 || missing="$missing gettext"
fc-list 2>/dev/null | grep -qi "noto.*arabic\|dejavu" || missing="$missing fonts-dejavu-core"
command -v opendkim-testmsg >/dev/null 2>&1 || [ -x /usr/sbin/opendkim-testmsg ] || missing="$missing opendkim-tools"
perl -MMail::DKIM -e 1 >/dev/null 2>&1 || missing="$missing libmail-dkim-perl"
[ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
command -v sqlite3 >/dev/null 2>&1 || missing="$missing sqlite3"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
command -v systemd-nspawn >/dev/null 2>&1 || missing="$missing systemd-container"
perl -MEmail::MIME -MEmail::Address::XS -e 1 >/dev/null 2>&1 || missing="$missing libemail-mime-perl libemail-address-xs-perl"
perl -MMail::SpamAssassin -e 1 >/dev/null 2>&1 || missing="$missing spamassassin"
command -v rspamd >/dev/null 2>&1 || missing="$missing rspamd"
command -v npm >/dev/null 2>&1 || missing="$missing nodejs npm"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
office=/usr/lib/libreoffice/program # Debian's folder; each of the two programs is a library in it
[ -e "$office/libsclo.so" ] || missing="$missing libreoffice-calc-nogui"
[ -e "$office/libswlo.so" ] || missing="$missing libreoffice-writer-nogui"
[ -x /usr/lib/postfix/sbin/master ] || missing="$missing postfix"
[ -x /usr/lib/dovecot/imap ] || missing="$missing dovecot-imapd"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$missing, which some tests need"
  export DEBIAN_FRONTEND=noninteractive
  # The tests start a Postfix of their own; the machine's shall not be set up, and so never run.
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections 2>/dev/null || true
  log=$(mktemp)
  # shellcheck disable=SC2086 # the names are words
  if apt-get update -q >"$log" 2>&1 && apt-get install -qy --no-install-recommends $missing >>"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -n 5 "$log"
  rm -f "$log"
fi
echo "not installed:$missing; the tests that need them are skipped (install them to run all)"
