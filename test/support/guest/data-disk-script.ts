/**
 * For a guest of {@link buildDiskGuest} with a system disk and the data disk `home`: writes this session's number into a
 * file on the data disk, says what an earlier one left there (`BEFORE`), and the same of the end of the system disk.
 */
export const DATA_DISK_SCRIPT = `
for disk in /sys/block/vd*; do
  [ "$(cat $disk/serial)" = data-home ] && data=/dev/\${disk##*/} || system=\${disk##*/}
done
last=$(($(cat /sys/block/$system/size) - 1))
echo "SYSTEM $(dd if=/dev/$system bs=512 skip=$last 2>/dev/null | head -c 8 | hexdump -v -e '8/1 "%02x"')"
echo scribble | dd of=/dev/$system bs=512 seek=$last conv=fsync 2>/dev/null
echo "NOW $(dd if=/dev/$system bs=512 skip=$last 2>/dev/null | head -c 8)"
mount -t ext2 $data /mnt 2>/dev/null || { echo FORMAT; mke2fs $data 32768 >/dev/null; mount -t ext2 $data /mnt; }
echo "BEFORE $(cat /mnt/letter 2>/dev/null)"
cp /proc/sys/kernel/random/boot_id /mnt/letter
echo "AFTER $(cat /mnt/letter)"
umount /mnt
sync`;
