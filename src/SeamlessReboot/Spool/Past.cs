namespace SeamlessReboot.Spool;

/// <summary>What a process that has died left in its spool directory.</summary>
internal sealed class Past
{
    private Past(SpoolHeader? header, IReadOnlyList<SpoolRecord> records, IReadOnlyList<SpoolRecord> added, bool isExact, long length, List<string> damage)
    {
        Header = header;
        Records = records;
        Added = added;
        IsExact = isExact;
        Length = length;
        Damage = damage;
    }

    /// <summary>Null when there was neither reboot nor checkpoint, nor a session.</summary>
    internal SpoolHeader? Header { get; }

    internal IReadOnlyList<SpoolRecord> Records { get; }

    /// <summary>The sessions newer than that.</summary>
    internal IReadOnlyList<SpoolRecord> Added { get; }

    /// <summary>It died between the writing and the next Ready: nobody has run since, and bytes may be believed too.</summary>
    internal bool IsExact { get; }

    /// <summary>In bytes.</summary>
    internal long Length { get; }

    internal IReadOnlyList<string> Damage { get; }

    internal static Past Read(SpoolDirectory directory, string bootId)
    {
        List<string> damage = [];
        bool isExact = true;
        byte[]? file = Load(directory, SpoolFormat.RebootName, damage);
        if (file is null)
        {
            isExact = false;
            file = Load(directory, SpoolFormat.CheckpointName, damage);
        }

        SpoolHeader? header = null;
        IReadOnlyList<SpoolRecord> records = [], added = [];
        if (file is not null)
            records = RecordsOf(SpoolReader.Read(file, nonce: null), bootId, damage, out header);
        if (!isExact && Load(directory, SpoolFormat.AddedName, damage) is byte[] log)
        {
            HashSet<string> known = [.. records.Where(r => r.Kind == SpoolRecordKind.Session).Select(r => r.Name)];
            added = RecordsOf(SpoolReader.Read(log, nonce: null, hasEnd: false), bootId, damage, out SpoolHeader? itsHeader);
            added = [.. added.Where(r => known.Add(r.Name))];
            header ??= itsHeader;
        }

        return new Past(header, records, added, isExact, file?.Length ?? 0, damage);
    }

    private static IReadOnlyList<SpoolRecord> RecordsOf(SpoolReader spool, string bootId, List<string> damage, out SpoolHeader? header)
    {
        damage.AddRange(spool.Damage);
        header = spool.Header is SpoolRecord record ? SpoolHeader.From(record) : null;
        if (header?.BootId == bootId)
            return spool.Records;
        damage.Add("It was not written since this machine was started.");
        header = null;
        return [];
    }

    private static byte[]? Load(SpoolDirectory directory, string name, List<string> damage)
    {
        try
        {
            return directory.Load(name);
        }
        catch (IOException e)
        {
            damage.Add(e.Message);
            return null;
        }
    }
}
