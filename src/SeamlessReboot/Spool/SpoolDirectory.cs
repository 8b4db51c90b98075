using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Spool;

/// <summary>The directory that state is written to: this user's alone, and one server's alone.</summary>
internal sealed class SpoolDirectory : IDisposable
{
    private const int OwnerOnly = 0x1C0; // 0700
    private const int MostNames = 100; // so many servers of one name, or squatters
    private const long LeastSpace = 1024 * 1024;
    private readonly DirectoryHandle _directory;

    private SpoolDirectory(string path, DirectoryHandle directory)
    {
        Path = path;
        _directory = directory;
    }

    internal string Path { get; }

    internal SafeFileHandle Handle => _directory.Handle;

    /// <summary>Opens the directory, creating it and those above it if need be, and locks it.</summary>
    /// <param name="path">Named by the server's operator.</param>
    /// <param name="warn">Told when there are no locks there: that alone is no reason to refuse what somebody has chosen.</param>
    /// <exception cref="IOException">It is not this user's alone, or another server has it. The message says what to do.</exception>
    internal static SpoolDirectory Open(string path, Action<string>? warn = null)
    {
        SpoolDirectory spool;
        try
        {
            DirectoryHandle.CreatePrivate(path);
            spool = new SpoolDirectory(path, DirectoryHandle.Open(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The spool directory '{path}' cannot be opened: {e.Message} "
                + "Set RebooterOptions.SpoolDirectory to a directory (no symlink) that the server's user can create or owns.", e);
        }

        try
        {
            spool.Check();
            LockResult locked = spool._directory.TryLock();
            if (locked == LockResult.HeldByAnother)
                throw new IOException($"The spool directory '{path}' is in use by another server. Give each server a SpoolDirectory of its own.");
            if (locked == LockResult.NoLocks)
                warn?.Invoke($"The file system of the spool directory '{path}' has no locks, so a second server that uses it is not noticed. "
                    + "See that none does, or set RebooterOptions.SpoolDirectory to a place on a local disk or a tmpfs.");
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The first of "path", "path-2", "path-3" ... that can be this server's: for a server that has named none. Whatever has the name
    /// of one and is another server's or user's, be it a directory, a file or a link, is stepped over.
    /// </summary>
    /// <param name="path">In one of the default places.</param>
    /// <param name="mostNames">How many names are tried.</param>
    /// <returns>Null when the place will not do: it is not there, full, not to be written to, or has no locks.</returns>
    internal static SpoolDirectory? TryOpenDefault(string path, int mostNames = MostNames)
    {
        for (int number = 1; number <= mostNames; number++)
        {
            string name = number == 1 ? path : $"{path}-{number}";
            if (DirectoryHandle.TryCreatePrivate(name) is not bool isNew)
                return null;
            SpoolDirectory? spool = null;
            try
            {
                spool = new SpoolDirectory(name, DirectoryHandle.Open(name));
                spool.Check();
                LockResult locked = spool._directory.TryLock();
                if (locked == LockResult.Taken && spool.CanBeWritten())
                    return spool;
                spool.Dispose();
                if (locked != LockResult.HeldByAnother)
                    return null;
            }
            catch (IOException) when (!isNew)
            {
                spool?.Dispose(); // somebody else's
            }
            catch (IOException)
            {
                spool?.Dispose();
                return null; // nobody else's, and still not as it should be
            }
        }

        return null;
    }

    private bool CanBeWritten()
    {
        try
        {
            CheckSpace(LeastSpace);
            Replace(SpoolFormat.BesideName).Dispose();
            return Remove(SpoolFormat.BesideName);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Takes over the directory, with its lock, from the image before the exec.</summary>
    internal static SpoolDirectory Adopt(string path, int fd) => new(path, DirectoryHandle.Adopt(fd));

    /// <summary>Looks at owner and mode again: both can have changed since the start.</summary>
    /// <exception cref="IOException">It is not this user's alone. The message says what to do.</exception>
    internal void Check()
    {
        (uint owner, int mode) = _directory.Ownership();
        uint user = DirectoryHandle.CurrentUser();
        if (owner != user)
            throw new IOException($"The spool directory '{Path}' belongs to user {owner}, the server runs as user {user}. "
                + $"Run: chown {user} '{Path}', or set RebooterOptions.SpoolDirectory to another one.");
        if (mode != OwnerOnly)
            throw new IOException($"The spool directory '{Path}' has mode {Convert.ToString(mode, 8).PadLeft(4, '0')}; others could read or "
                + $"change what players have typed. Run: chmod 0700 '{Path}'");
    }

    /// <summary>Fails when <paramref name="estimate"/> bytes, and a tenth more, do not fit.</summary>
    internal void CheckSpace(long estimate)
    {
        long free = _directory.FreeBytes(), needed = estimate + estimate / 10;
        if (free < needed)
            throw new IOException($"The spool directory '{Path}' has {free:N0} bytes free, the state of this server is estimated at "
                + $"{needed:N0}. Free some space there, or set RebooterOptions.SpoolDirectory to another file system.");
    }

    /// <summary>A new file beside the published one, and the nonce that its records are written under.</summary>
    internal SpoolWriter Create(out byte[] nonce, int capacity = SpoolWriter.DefaultCapacity)
    {
        nonce = SpoolFormat.NewNonce();
        return new SpoolWriter(Replace(SpoolFormat.BesideName), nonce, capacity);
    }

    /// <summary>The same for a reboot, which knows where to go on when the directory is full.</summary>
    internal SpoolWriter Create(byte[] nonce, Func<IOException, SafeFileHandle?> whenFull) =>
        new(Replace(SpoolFormat.BesideName), nonce) { WhenFull = whenFull };

    /// <summary>Goes on with a file that grows; null when there is none.</summary>
    internal SpoolWriter? Continue(string name, int capacity)
    {
        SafeFileHandle? file = _directory.OpenFile(name, write: true);
        byte[] head = new byte[SpoolFormat.FileHeaderLength];
        if (file is null || RandomAccess.Read(file, head, 0) < head.Length)
        {
            file?.Dispose();
            return null;
        }

        return SpoolWriter.Continue(file, head.AsSpan(8), capacity);
    }

    /// <summary>Puts the file beside in the place of the one of this name.</summary>
    internal void Publish(string name) => _directory.Rename(SpoolFormat.BesideName, name);

    /// <summary>Of what was written before an exec, keeps the state: from here on people run again.</summary>
    internal void MakeCheckpointOfReboot() => _directory.Rename(SpoolFormat.RebootName, SpoolFormat.CheckpointName);

    /// <summary>Removes what a reboot has published or begun.</summary>
    internal void ClearReboot()
    {
        Remove(SpoolFormat.BesideName);
        Remove(SpoolFormat.RebootName);
    }

    /// <summary>Removes all but what is in quarantine.</summary>
    internal void Clear()
    {
        ClearReboot();
        Remove(SpoolFormat.CheckpointName);
        Remove(SpoolFormat.AddedName);
        Remove(RestoreAttempt.FileName);
    }

    /// <summary>What can be read of a spool file; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal SpoolReader? Read(string name, byte[]? nonce, bool hasEnd = true)
    {
        using SafeFileHandle? file = _directory.OpenFile(name);
        return file is null ? null : SpoolReader.Read(file, nonce, hasEnd);
    }

    /// <summary>A small file, or null when there is none.</summary>
    internal byte[]? Load(string name)
    {
        using SafeFileHandle? file = _directory.OpenFile(name);
        if (file is null)
            return null;
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)RandomAccess.GetLength(file)));
        int length = 0, read;
        while ((read = RandomAccess.Read(file, bytes.AsSpan(length), length)) > 0)
            length += read;
        return length == bytes.Length ? bytes : bytes[..length];
    }

    /// <summary>Keeps one record that could not be restored in a file of its own; returns its path.</summary>
    internal string Quarantine(SpoolHeader header, SpoolRecord record)
    {
        string name = $"quarantine-{header.Generation}-{record.Name}.spool";
        byte[] nonce = SpoolFormat.NewNonce();
        using SpoolWriter writer = new(Replace(name), nonce);
        writer.Write(header.ToRecord());
        writer.Write(record);
        writer.Finish();
        return System.IO.Path.Combine(Path, name);
    }

    /// <summary>A new, empty file in place of the one of this name.</summary>
    internal SafeFileHandle Replace(string name)
    {
        Remove(name);
        return _directory.CreateFile(name);
    }

    /// <returns>False when there was none.</returns>
    internal bool Remove(string name) => _directory.Delete(name);

    /// <summary>Whether the path leads to this directory.</summary>
    internal bool IsAt(string path) => path == Path || _directory.IsAt(path);

    internal bool IsRemoved => _directory.IsRemoved();

    public void Dispose() => _directory.Dispose();
}
