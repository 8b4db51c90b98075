namespace SeamlessReboot.TestServer.Sessions;

/// <summary>What every version's state has, by whatever name it is stored.</summary>
internal interface ICounterState
{
    long Id { get; set; }

    long Lines { get; set; }

    /// <summary>What a version shows of the members that others do not have.</summary>
    string Extra { get; set; }
}
