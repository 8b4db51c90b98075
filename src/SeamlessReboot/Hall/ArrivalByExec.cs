using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Descriptors;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;

namespace SeamlessReboot;

/// <summary>The first road: this process was another image before, which has left a note in the environment.</summary>
internal static class ArrivalByExec
{
    /// <summary>Null when there is no note, or none for us.</summary>
    internal static Arrival? Read(ServerContext context)
    {
        string? left = context.Process.TakeVariable(Inheritance.Variable), returned = context.Process.TakeVariable(StartGuard.Variable);
        string? command = context.Process.TakeVariable(StartGuard.CommandVariable);
        if (NoteIn(context, left) is not Inheritance note)
            return null;
        ProcessStart start = new(note.Directory, note.User, note.Umask, (ulong)note.IgnoredSignals);
        InheritedChildren? children = InheritedChildren.Find();
        SpoolDirectory? directory = note.SpoolFd >= 0 && Fd.TrySetCloseOnExec(note.SpoolFd, true) ? SpoolDirectory.Adopt(note.SpoolPath, note.SpoolFd) : null;
        SafeFileHandle? memory = note.MemoryFd >= 0 ? MemoryFile.Adopt(note.MemoryFd) : null;
        DefaultSerializer.Prepare(context.Serializer);
        List<string> damage = [];
        SpoolReader spool = Load(directory, memory, note.Nonce, damage);
        damage.AddRange(spool.Damage);
        SpoolHeader? header = spool.Header is SpoolRecord record ? SpoolHeader.From(record) : null;
        IReadOnlyList<SpoolRecord> records = spool.Records;
        if (header is not null && (header.Generation != note.Generation || header.Pid != note.Pid || header.StartTime != note.StartTime))
        {
            damage.Add($"It was written for generation {header.Generation} of process {header.Pid}, this is generation {note.Generation} of {note.Pid}.");
            records = [];
        }

        header ??= new SpoolHeader { Generation = note.Generation, Pid = note.Pid, StartTime = note.StartTime, BootId = "", Serializer = context.Serializer.Name, Written = default };
        return new Arrival(context)
        {
            Note = note,
            NoteText = left,
            Command = command is null ? null : ReleaseImage.Split(command),
            Returned = StartGuard.Decode(returned),
            Start = start,
            Spool = directory,
            Memory = memory,
            Header = header,
            Records = records,
            SpoolBytes = spool.Length,
            Children = children,
            LastId = header.LastId,
            Descriptors = TableOf(context, records, [note.SpoolFd, note.MemoryFd], damage),
        };
    }

    private static Inheritance? NoteIn(ServerContext context, string? left)
    {
        Inheritance? note = Inheritance.Decode(left);
        if (left is not null && note is null)
            Log.Unreadable(context.Log);
        if (note is null || (note.Pid == context.Process.Pid && note.StartTime == context.Process.StartTime))
            return note;
        Log.NotOurs(context.Log, note.Pid, note.StartTime);
        return null;
    }

    private static SpoolReader Load(SpoolDirectory? directory, SafeFileHandle? memory, byte[] nonce, List<string> damage)
    {
        try
        {
            if ((memory is null ? directory?.Read(SpoolFormat.RebootName, nonce) : SpoolReader.Read(memory, nonce)) is SpoolReader spool)
                return spool;
        }
        catch (IOException e)
        {
            damage.Add(e.Message);
        }

        return SpoolReader.Read(ReadOnlyMemory<byte>.Empty, nonce);
    }

    private static InheritedDescriptors TableOf(ServerContext context, IReadOnlyList<SpoolRecord> records, int[] known, List<string> damage)
    {
        InheritedDescriptors table = new();
        foreach (SpoolRecord record in records)
            if (record.Fd >= 0 && !table.TryAdd(record.Name, record.Fd, record.Identity.Span))
                damage.Add($"Descriptor {record.Fd}, recorded as '{record.Name}', is not open or was recorded twice.");
        if (damage.Count == 0)
            return table;
        foreach (string sentence in damage)
            Log.SpoolDamaged(context.Log, sentence);
        table.AddNameless(except: known);
        return table;
    }
}
