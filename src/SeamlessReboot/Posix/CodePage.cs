using System.Buffers.Binary;

namespace SeamlessReboot.Posix;

/// <summary>A few bytes of machine code in memory of their own. It is never freed: a signal may be on its way to it.</summary>
internal static unsafe class CodePage
{
    private const int Size = 64 * 1024; // a whole number of pages, whatever their size
    private const int ReadWrite = 3, ReadExecute = 5, PrivateAnonymous = 0x22; // PROT_, MAP_

    /// <param name="code">What to execute, a multiple of eight bytes.</param>
    /// <param name="constants">What it finds behind itself.</param>
    /// <returns>Its address; 0 where no page may be made executable, as under SELinux or systemd's MemoryDenyWriteExecute.</returns>
    internal static nint TryMake(ReadOnlySpan<byte> code, params ReadOnlySpan<long> constants)
    {
        nint page = TryMap(Size);
        if (page == 0)
            return 0;
        Span<byte> bytes = new((void*)page, Size);
        code.CopyTo(bytes);
        for (int i = 0; i < constants.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(code.Length + i * sizeof(long))..], constants[i]);
        if (Libc.Protect(page, Size, ReadExecute) == 0)
            return page;
        _ = Libc.Unmap(page, Size);
        return 0;
    }

    /// <summary>Memory for data, all zero; 0 where there is none.</summary>
    internal static nint TryMap(int size) => Libc.Map(0, size, ReadWrite, PrivateAnonymous, -1, 0) is var address and not -1 ? address : 0;
}
