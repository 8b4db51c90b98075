namespace SeamlessReboot.Spool;

/// <summary>What a record in the spool stands for. The numbers are on disk: add at the end, change none.</summary>
internal enum SpoolRecordKind : byte
{
    /// <summary>Whose spool this is; the first record.</summary>
    Header = 1,

    /// <summary>A listening socket.</summary>
    Listener = 2,

    /// <summary>A descriptor that the application asked to keep.</summary>
    Descriptor = 3,

    /// <summary>A piece of system state.</summary>
    State = 4,

    /// <summary>A living session.</summary>
    Session = 5,

    /// <summary>A connection that was accepted and not yet added.</summary>
    Accepted = 6,

    /// <summary>A connection that only gets its unsent output and is then closed.</summary>
    Farewell = 7,

    /// <summary>The last record; its <see cref="SpoolRecord.Fd"/> counts the records before it.</summary>
    End = 8,
}

/// <summary>One record; every kind has the same shape and leaves empty what it does not need. A class, because code over classes is
/// shared and compiled ahead of time, and this one runs in the pause.</summary>
internal sealed record SpoolRecord
{
    public required SpoolRecordKind Kind { get; init; }

    /// <summary>Unique within its kind: "s17", the end point of a listener, the name of a piece of state.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the application calls this kind of session; for an accepted connection, its listener.</summary>
    public string Type { get; init; } = "";

    /// <summary>The descriptor's number when the spool was written, or -1.</summary>
    public int Fd { get; init; } = -1;

    /// <summary>What the descriptor has to be, opaque here.</summary>
    public ReadOnlyMemory<byte> Identity { get; init; }

    public ReadOnlyMemory<byte> Unread { get; init; }

    public ReadOnlyMemory<byte> Unsent { get; init; }

    /// <summary>How far the connection was, opaque here: by that a checkpoint's bytes are told from those that have gone since.</summary>
    public ReadOnlyMemory<byte> Progress { get; init; }

    /// <summary>As the serializer wrote it.</summary>
    public ReadOnlyMemory<byte> State { get; init; }
}
