namespace SeamlessReboot.Spool;

/// <summary>The sessions that were added since the last checkpoint, on disk as soon as they are added. Not thread-safe.</summary>
internal sealed class AddedLog : IDisposable
{
    private const int Capacity = 16 * 1024;
    private readonly SpoolWriter _writer;

    private AddedLog(SpoolWriter writer) => _writer = writer;

    /// <summary>Begins anew, with what is still needed of the one before; that stays until this one is complete.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static AddedLog Begin(SpoolDirectory directory, SpoolHeader header, IEnumerable<SpoolRecord> kept)
    {
        SpoolWriter writer = directory.Create(out _, Capacity);
        try
        {
            writer.Write(header.ToRecord());
            foreach (SpoolRecord record in kept)
                writer.Write(record);
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
