# Takes out of a disk what must differ in every machine launched from it. Runs on any image that
# a user made, so it takes nothing for granted but /bin/sh and coreutils; done again, it finds
# nothing left to do. Shell histories stay, as they do on AWS: they are the user's.
set -eu

empty() {
    if [ -f "$1" ] && [ ! -L "$1" ]; then : > "$1"; fi
}

# Emptied, not removed: an init makes a new one where it finds the file empty.
empty /etc/machine-id
rm -f /var/lib/dbus/machine-id

rm -f /etc/ssh/ssh_host_*
for home in /root /home/* $(cut -d: -f6 /etc/passwd 2> /dev/null || :); do
    rm -f "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"
done

rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/sem /var/lib/cloud/data
rm -rf /var/lib/minicloud/first-boot*
rm -f /var/lib/urandom/random-seed /var/lib/systemd/random-seed
rm -f /var/lib/dhcp/*.lease* /var/lib/dhcpcd/*.lease /var/lib/NetworkManager/*.lease

# Where /run is on the disk, what it holds names processes of the machine that was.
for state in /run /var/run /var/lock; do
    [ -d "$state" ] || continue
    find "$state/" -xdev ! -type d -exec rm -f {} + 2> /dev/null || :
done
