namespace SeamlessReboot.TestServer;

/// <summary>An exception that cannot say what it is, or says nothing.</summary>
internal sealed class UnreadableException(bool isSilent) : Exception
{
    public override string Message => isSilent ? null! : throw new InvalidOperationException("Message throws.");

    public override string ToString() => isSilent ? null! : throw new InvalidOperationException("ToString throws.");
}
