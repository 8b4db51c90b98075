using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Spool;

/// <summary>
/// The file that one reboot is written to: in the spool directory, or, where that will not do, in memory, and then handed on by
/// its number. A directory that turns out to be full is left for memory in the middle of it. Not thread-safe.
/// </summary>
internal sealed class RebootSpool : IDisposable
{
    private readonly SpoolDirectory? _directory;
    private readonly Action<string> _warn;

    private RebootSpool(SpoolDirectory? directory, SafeFileHandle? memory, Action<string> warn)
    {
        _directory = directory;
        _warn = warn;
        Memory = memory;
        byte[] nonce = SpoolFormat.NewNonce();
        Writer = memory is null ? directory!.Create(nonce, MoveToMemory) : new SpoolWriter(memory, nonce);
        Nonce = nonce;
    }

    internal SpoolWriter Writer { get; }

    /// <summary>What its records are written under.</summary>
    internal byte[] Nonce { get; }

    /// <summary>The memory file, which has to come over the exec; null while the directory holds the file.</summary>
    internal SafeFileHandle? Memory { get; private set; }

    /// <param name="directory">Null where there is none.</param>
    /// <param name="why">Why there is none: fact, cause, remedy.</param>
    /// <param name="estimate">How many bytes it is going to have.</param>
    /// <param name="warn">Told, in a sentence, when memory is used.</param>
    /// <exception cref="IOException">Neither directory nor memory will do.</exception>
    internal static RebootSpool Begin(SpoolDirectory? directory, string why, long estimate, Action<string> warn)
    {
        try
        {
            if (directory is not null)
            {
                directory.Check();
                directory.CheckSpace(estimate);
                return new RebootSpool(directory, null, warn);
            }
        }
        catch (IOException e)
        {
            why = e.Message;
        }

        return new RebootSpool(directory, NewMemory(why, estimate, warn), warn);
    }

    /// <summary>Ends the file, and makes it the one that the next image reads.</summary>
    /// <exception cref="IOException">Not all of it could be written.</exception>
    internal void Publish()
    {
        Writer.Finish();
        if (Memory is null)
        {
            _directory!.Publish(SpoolFormat.RebootName);
            return;
        }

        MemoryFile.Seal(Memory);
        Withdraw(); // what was begun in the directory
    }

    /// <summary>Takes the file back, so that no process finds it.</summary>
    internal void Withdraw() => _directory?.ClearReboot();

    public void Dispose()
    {
        Writer.Dispose();
        Memory?.Dispose();
        Withdraw();
    }

    private SafeFileHandle MoveToMemory(IOException failure)
    {
        Memory = NewMemory($"The spool directory '{_directory!.Path}' cannot be written to: {failure.Message}", Writer.Length, _warn);
        return Memory;
    }

    private static SafeFileHandle NewMemory(string why, long estimate, Action<string> warn)
    {
        why = why is [.., '.'] ? why : why + ".";
        long free = MemoryFile.FreeBytes(), needed = estimate + estimate / 10;
        if (free < needed)
            throw new IOException($"{why} A memory file will not do either: {free:N0} bytes are free, and it takes {needed:N0}.");
        SafeFileHandle memory;
        try
        {
            memory = MemoryFile.Create("seamlessreboot");
        }
        catch (IOException e)
        {
            throw new IOException($"{why} A memory file cannot be made either: {e.Message}", e);
        }

        warn($"{why} The state goes through a memory file instead.");
        return memory;
    }
}
