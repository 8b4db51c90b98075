namespace SeamlessReboot.TestServer.Sessions;

/// <summary>How far somebody has come at the door.</summary>
internal sealed class LoginState
{
    public long Id { get; set; }

    public string? Name { get; set; }

    public bool IsLoggedIn { get; set; }

    public bool IsGreeted { get; set; }
}
