#!/bin/sh
# The inferrer must not be able to look at a platform file: nothing in its objects opens or reads files, or knows how to parse one.
# model.o alone reads and writes model files; host.o maps memory to measure with.   sees_nothing.sh OBJECT...
set -u
passed=0 failed=0
for object in "$@"; do
    forbidden='platform_load|ini_|popen|system|exec|f?open(at)?(64)?|fdopen|mmap|file_|atomic_|read|pread'
    case $object in
    */model.o) forbidden='platform_load|ini_|popen|system|exec' ;;
    */host.o) forbidden='platform_load|ini_|popen|system|exec|f?open(at)?(64)?|fdopen|file_|atomic_|read|pread|guest_' ;;
    esac
    if found=$(nm -u "$object" | awk '{ print $NF }' | grep -Ex "($forbidden)[a-z0-9_]*"); then
        echo "$object uses $found"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
