using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>From here on (or "off") this session cannot be captured.</summary>
internal sealed class RefuseCaptureCommand : ICommand
{
    public string Name => "refuse-capture";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        session.CaptureThrows = argument != "off";
        return ValueTask.FromResult<string?>("ok");
    }
}
