namespace SeamlessReboot.Spool;

/// <summary>The sessions that were added or saved since the last checkpoint, on disk as soon as they are. Not thread-safe.</summary>
internal sealed class AddedLog : IDisposable
{
    private const int Capacity = 16 * 1024;
    private readonly SpoolWriter _writer;

    private AddedLog(SpoolWriter writer) => _writer = writer;

    /// <summary>Goes on with the one that a process has left; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal static AddedLog? Continue(SpoolDirectory directory, SpoolHeader header)
    {
        if (directory.Continue(SpoolFormat.AddedName, Capacity) is not SpoolWriter writer)
            return null;
        AddedLog log = new(writer);
        log.Append(header.ToRecord());
        return log;
    }

    /// <summary>Begins anew; the one before stays until this one is complete.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static AddedLog Begin(SpoolDirectory directory, SpoolHeader header)
    {
        SpoolWriter writer = directory.Create(out _, Capacity);
        try
        {
            writer.Write(header.ToRecord());
            writer.Flush();
            directory.Publish(SpoolFormat.AddedName);
            return new AddedLog(writer);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">The disk is full.</exception>
    internal void Append(SpoolRecord record)
    {
        _writer.Write(record);
        _writer.Flush();
    }

    public void Dispose() => _writer.Dispose();
}
