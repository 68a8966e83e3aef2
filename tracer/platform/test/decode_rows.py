#!/usr/bin/python3
"""Makes decode_rows.h: what the assembler makes of each instruction below, beside the class that it must be decoded to."""
import os, re, subprocess, sys, tempfile
ROWS = """
ALU    add a0,a1,a2;sub a0,a1,a2;sll a0,a1,a2;slt a0,a1,a2;sltu a0,a1,a2;xor a0,a1,a2;srl a0,a1,a2;sra a0,a1,a2;or a0,a1,a2;and a0,a1,a2
ALU    addw a0,a1,a2;subw a0,a1,a2;sllw a0,a1,a2;srlw a0,a1,a2;sraw a0,a1,a2;addi a0,a1,100;slti a0,a1,-1;sltiu a0,a1,1;xori a0,a1,3;ori a0,a1,3
ALU    andi a0,a1,3;slli a0,a1,63;srli a0,a1,63;srai a0,a1,63;addiw a0,a1,5;slliw a0,a1,31;srliw a0,a1,31;sraiw a0,a1,31;lui a0,5;auipc a0,5
MUL    mul a0,a1,a2;mulh a0,a1,a2;mulhsu a0,a1,a2;mulhu a0,a1,a2;mulw a0,a1,a2
DIV    div a0,a1,a2;divu a0,a1,a2;rem a0,a1,a2;remu a0,a1,a2;divw a0,a1,a2;divuw a0,a1,a2;remw a0,a1,a2;remuw a0,a1,a2
LOAD 1 lb a0,5(a1);lbu a0,5(a1)
LOAD 2 lh a0,6(a1);lhu a0,6(a1)
LOAD 4 lw a0,5(a1);lwu a0,4(a1);flw fa0,4(a1);lr.w a0,(a1);c.lw a0,4(a1);c.lwsp a0,4(sp)
LOAD 8 ld a0,5(a1);fld fa0,5(a1);lr.d.aq a0,(a1);c.ld a0,8(a1);c.ldsp a0,8(sp);c.fld fa0,8(a1);c.fldsp fa0,8(sp)
STORE 1 sb a0,5(a1)
STORE 2 sh a0,6(a1)
STORE 4 sw a0,5(a1);fsw fa0,4(a1);sc.w a0,a2,(a1);c.sw a0,4(a1);c.swsp a0,4(sp)
STORE 8 sd a0,5(a1);fsd fa0,5(a1);sc.d.rl a0,a2,(a1);c.sd a0,8(a1);c.sdsp a0,8(sp);c.fsd fa0,8(a1);c.fsdsp fa0,8(sp)
AMO 4  amoswap.w a0,a2,(a1);amoadd.w a0,a2,(a1);amoxor.w a0,a2,(a1);amoand.w a0,a2,(a1);amoor.w a0,a2,(a1);amomin.w a0,a2,(a1)
AMO 8  amomax.d a0,a2,(a1);amominu.d a0,a2,(a1);amomaxu.d.aqrl a0,a2,(a1);amoadd.d a0,a2,(a1)
BRANCH beq a0,a1,.+2048;bne a0,a1,.-2048;blt a0,a1,.+4094;bge a0,a1,.-4096;bltu a0,a1,.+20;bgeu a0,a1,.-30;c.beqz a0,.+254;c.bnez a0,.-256;c.bnez a0,.+34
JUMP   jal a0,.+1048574;jal a0,.-1048576;j .+2050;c.j .+2046;c.j .-2048;c.j .+154;c.j .-358
JUMP_INDIRECT jalr a0,4(a1);ret;jr a0;c.jr a0;c.jalr a0
CSR    csrrw a0,mstatus,a1;csrrs a0,time,zero;csrrc a0,sie,a1;csrrwi a0,satp,3;csrrsi a0,sip,2;csrrci a0,sstatus,2
FENCE  fence;fence rw,w;fence.i;fence.tso
SFENCE sfence.vma;sfence.vma a0,a1
WAIT   wfi
CALL   ecall;ebreak;c.ebreak
SRET   sret
MRET   mret
FP     fadd.s fa0,fa1,fa2;fsub.d fa0,fa1,fa2;fmul.d fa0,fa1,fa2;fdiv.d fa0,fa1,fa2;fsqrt.d fa0,fa1;fsgnj.d fa0,fa1,fa2;fmin.s fa0,fa1,fa2;fcvt.s.d fa0,fa1
FP     feq.d a0,fa1,fa2;fcvt.w.d a0,fa1;fcvt.d.l fa0,a1;fmv.x.d a0,fa1;fmv.d.x fa0,a1;fclass.s a0,fa1;fmadd.d fa0,fa1,fa2,fa3;fmsub.s fa0,fa1,fa2,fa3;fnmsub.d fa0,fa1,fa2,fa3;fnmadd.d fa0,fa1,fa2,fa3
ALU    c.addi4spn a0,sp,8;c.addi a0,1;c.nop;c.addiw a0,1;c.li a0,1;c.lui a0,1;c.addi16sp sp,16;c.srli a0,3;c.srai a0,3;c.andi a0,3;c.sub a0,a1;c.xor a0,a1;c.or a0,a1;c.and a0,a1;c.subw a0,a1;c.addw a0,a1;c.slli a0,3;c.mv a0,a1;c.add a0,a1
UNKNOWN .half 0;.half 0x8000;.half 0x9c41;.half 0x6101;.half 0x4002;.half 0x8002;.word 0xffffffff;.word 0x0000007f;.word 0x20c5a533;.word 0x60051513;.word 0x0000402f;.word 0x00007003
UNKNOWN .word 0x02005057;.word 0x0000200f;.word 0x00004073;.word 0x7b200073;.word 0x0005205b;.word 0x02051057
"""


def main(out):
    prefix = os.environ.get("RV_PREFIX", "riscv64-unknown-elf-")
    items = []
    for line in ROWS.strip().splitlines():
        kind, size, text = re.fullmatch(r"(\w+)(?: (\d))? +(.*)", line).groups()
        items += [(kind, int(size or 0), t) for t in text.split(";")]
    with tempfile.TemporaryDirectory() as work:
        o, s = os.path.join(work, "a.o"), os.path.join(work, "a.s")
        with open(s, "w") as f:
            for k, (_, _, t) in enumerate(items):
                f.write(f"i{k}:\n.option {'rvc' if t.startswith('c.') else 'norvc'}\n{t}\n")
            f.write(f"i{len(items)}:\n")
        text = os.path.join(work, "a.bin")
        elf = os.path.join(work, "a.elf")
        subprocess.run([prefix + "gcc", "-c", "-march=rv64gc", "-mno-relax", "-o", o, s], check=True)
        subprocess.run([prefix + "ld", "-e", "0", "-Ttext=0x200000", "-o", elf, o], check=True)
        subprocess.run([prefix + "objcopy", "-O", "binary", "-j", ".text", elf, text], check=True)
        symbols = {}
        for line in subprocess.run([prefix + "nm", elf], check=True, capture_output=True, text=True).stdout.splitlines():
            symbols[line.split()[2]] = int(line.split()[0], 16)
        code = open(text, "rb").read()
        rows = []
        for k, (kind, size, t) in enumerate(items):
            low, high = (symbols[f"i{j}"] - symbols["i0"] for j in (k, k + 1))
            offset = re.search(r"\.([+-]\d+)", t) if kind in ("BRANCH", "JUMP") else None
            rows.append('    {"%s", 0x%08x, DECODE_%s, %d, %s},\n' % (t, int.from_bytes(code[low:high], "little"), kind, size, offset.group(1) if offset else "0"))
        with open(out, "w") as f:
            f.writelines(rows)


main(sys.argv[1])
