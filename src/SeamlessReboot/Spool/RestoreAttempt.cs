using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Spool;

/// <summary>
/// A mark that a process leaves while it restores, and takes away when it is ready. Who finds one knows that the process before
/// died restoring, at which session, and how often in a row this program has.
/// </summary>
internal sealed class RestoreAttempt : IDisposable
{
    internal const string FileName = "restoring";
    private const int Length = 40, SessionAt = 32; // program's version, deaths, session of the death before, session
    private const int ColdAfter = 5;
    private readonly SpoolDirectory _directory;
    private readonly SafeFileHandle _file;

    private RestoreAttempt(SpoolDirectory directory, SafeFileHandle file, long deaths, long culprit)
    {
        _directory = directory;
        _file = file;
        Deaths = deaths;
        Culprit = culprit;
    }

    /// <summary>How often in a row this program has died restoring. Another one may fare better: it begins at 0.</summary>
    internal long Deaths { get; }

    /// <summary>The session that it died at the last two times, or 0.</summary>
    internal long Culprit { get; }

    internal bool IsWarm => Deaths < ColdAfter;

    /// <exception cref="IOException">The mark cannot be written.</exception>
    internal static RestoreAttempt Begin(SpoolDirectory directory, Guid program)
    {
        long deaths = 0, session = 0, culprit = 0;
        if (directory.Load(FileName) is { Length: Length } mark && program == new Guid(mark.AsSpan(0, 16)))
        {
            deaths = BinaryPrimitives.ReadInt64LittleEndian(mark.AsSpan(16)) + 1;
            session = BinaryPrimitives.ReadInt64LittleEndian(mark.AsSpan(SessionAt));
            culprit = BinaryPrimitives.ReadInt64LittleEndian(mark.AsSpan(24)) == session ? session : 0;
        }

        byte[] next = new byte[Length];
        program.TryWriteBytes(next);
        BinaryPrimitives.WriteInt64LittleEndian(next.AsSpan(16), deaths);
        BinaryPrimitives.WriteInt64LittleEndian(next.AsSpan(24), session);
        SafeFileHandle file = directory.Replace(FileName);
        RandomAccess.Write(file, next, 0);
        return new RestoreAttempt(directory, file, deaths, culprit);
    }

    /// <summary>Which session is being restored now. Worth its microsecond each only when something has gone wrong before.</summary>
    internal void At(long session)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, session);
        RandomAccess.Write(_file, bytes, SessionAt);
    }

    /// <summary>It went well.</summary>
    internal void End()
    {
        Dispose();
        _directory.Remove(FileName);
    }

    public void Dispose() => _file.Dispose();
}
