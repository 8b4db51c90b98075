using System.Runtime.InteropServices;
using System.Text;

namespace SeamlessReboot.Posix;

/// <summary>Strings as C takes them: in native memory, with a zero at the end, and vectors of them with a null at the end.</summary>
internal static unsafe class CStrings
{
    internal static byte* Make(string text) => Make(Encoding.UTF8.GetBytes(text));

    internal static byte* Make(ReadOnlySpan<byte> bytes)
    {
        byte* copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        copy[bytes.Length] = 0;
        return copy;
    }

    internal static byte** MakeVector(IReadOnlyList<byte[]> items)
    {
        byte** vector = (byte**)NativeMemory.Alloc((nuint)items.Count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < items.Count; i++)
            vector[i] = Make(items[i]);
        vector[items.Count] = null;
        return vector;
    }

    internal static void Free(byte* text) => NativeMemory.Free(text);

    internal static void FreeVector(byte** vector)
    {
        for (byte** item = vector; *item is not null; item++)
            NativeMemory.Free(*item);
        NativeMemory.Free(vector);
    }
}
