namespace SeamlessReboot.Spool;

/// <summary>What a process that has died left in its spool directory.</summary>
internal sealed class Past
{
    private Past(SpoolHeader? header, IReadOnlyList<SpoolRecord> records, bool isExact, long length, List<string> damage)
    {
        Header = header;
        Records = records;
        IsExact = isExact;
        Length = length;
        Damage = damage;
    }

    /// <summary>Of the process that died, with the time of its last checkpoint; null when it was never ready.</summary>
    internal SpoolHeader? Header { get; }

    /// <summary>Of each thing the newest that there is.</summary>
    internal IReadOnlyList<SpoolRecord> Records { get; }

    /// <summary>It died between the writing and the next Ready: nobody has run since, and bytes may be believed too.</summary>
    internal bool IsExact { get; }

    /// <summary>In bytes.</summary>
    internal long Length { get; }

    internal IReadOnlyList<string> Damage { get; }

    internal static Past Read(SpoolDirectory directory, string bootId)
    {
        List<string> damage = [];
        bool isExact = true;
        SpoolReader? file = Load(directory, SpoolFormat.RebootName, hasEnd: true, damage);
        if (file is null)
        {
            isExact = false;
            file = Load(directory, SpoolFormat.CheckpointName, hasEnd: true, damage);
        }

        SpoolHeader? header = null;
        List<SpoolRecord> records = [];
        if (file is not null)
            records.AddRange(RecordsOf(file, bootId, damage, out header));
        if (!isExact && Load(directory, SpoolFormat.AddedName, hasEnd: false, damage) is SpoolReader log)
        {
            IReadOnlyList<SpoolRecord> newer = RecordsOf(log, bootId, damage, out SpoolHeader? itsHeader);
            Merge(records, newer);
            header = header is null || itsHeader is null ? header ?? itsHeader
                : itsHeader with { Written = header.Written, Serializer = header.Serializer, LastId = Math.Max(header.LastId, itsHeader.LastId) };
        }

        return new Past(header, records, isExact, file?.Length ?? 0, damage);
    }

    private static void Merge(List<SpoolRecord> records, IReadOnlyList<SpoolRecord> newer)
    {
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        for (int i = 0; i < records.Count; i++)
            if (records[i].Kind == SpoolRecordKind.Session)
                places[records[i].Name] = i;
        foreach (SpoolRecord record in newer)
        {
            if (places.TryAdd(record.Name, records.Count))
                records.Add(record);
            else
                records[places[record.Name]] = record;
        }
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

    private static SpoolReader? Load(SpoolDirectory directory, string name, bool hasEnd, List<string> damage)
    {
        try
        {
            return directory.Read(name, nonce: null, hasEnd);
        }
        catch (IOException e)
        {
            damage.Add(e.Message);
            return null;
        }
    }
}
