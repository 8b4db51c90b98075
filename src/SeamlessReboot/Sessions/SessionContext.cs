namespace SeamlessReboot;

/// <summary>Which session the running code works for: how a crash is put down to one.</summary>
internal static class SessionContext
{
    private static readonly AsyncLocal<IRebootSession?> _current = new();

    internal static IRebootSession? Current
    {
        get => _current.Value;
        set => _current.Value = value;
    }
}
