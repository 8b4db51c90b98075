namespace SeamlessReboot.Angel.Descriptors;

/// <summary>What has become of a descriptor that was to be stored.</summary>
internal enum StoreResult
{
    Stored,

    /// <summary>The same is there already; this one has been closed.</summary>
    Duplicate,

    /// <summary>The store is full; this one has been closed.</summary>
    Full,

    /// <summary>It was no open descriptor.</summary>
    Bad,
}
